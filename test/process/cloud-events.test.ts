/** A CloudEvent in binary mode, posted by curl and read by the CloudEvents SDK. */
import { CloudEvent, HTTP } from "cloudevents";
import { expect, it } from "vitest";
import { builtServerForTest } from "../support/built-program.ts";
import { Shell } from "../support/shell.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

it("a CloudEvent that curl posts is the same event to the SDK that reads the message", async () => {
  const { url } = await builtServerForTest(temporaryFolder());
  const shell = new Shell();
  await shell.run(`curl -s -XPOST ${url}/events`);
  const attributes = [
    "Ce-Specversion: 1.0",
    "Ce-Id: 7f3e",
    "Ce-Type: com.example.order.placed",
    "Ce-Source: /shop/berlin",
    "Ce-Subject: order%2017",
    "Ce-Time: 2026-11-20T23:27:59.023Z",
    "Ce-Tenant: blue",
    "Content-Type: application/json; charset=utf-8",
  ].map((line) => `-H '${line}'`);
  await shell.run(`curl -s ${url}/events/payload ${attributes.join(" ")} -d '{"total":"41 €"}'`);
  const created = (await (await fetch(`${url}/events/scanner?from=0`, { method: "POST" })).json()) as {
    id: string;
  };
  for (const path of ["payload/0", `scan?id=${created.id}`]) {
    const answer = await fetch(`${url}/events/${path}`);
    const message = { headers: Object.fromEntries(answer.headers), body: await answer.text() };
    const event = HTTP.toEvent(message) as CloudEvent<unknown>;
    expect(event.validate()).toBe(true);
    expect(event).toMatchObject({
      specversion: "1.0",
      id: "7f3e",
      type: "com.example.order.placed",
      source: "/shop/berlin",
      subject: "order%2017",
      time: "2026-11-20T23:27:59.023Z",
      tenant: "blue",
      data: { total: "41 €" },
    });
  }
});

it("an event of the SDK goes round", async () => {
  const { url } = await builtServerForTest(temporaryFolder());
  await fetch(`${url}/events`, { method: "POST" });
  const event = new CloudEvent({
    type: "t",
    source: "/s",
    datacontenttype: "application/json",
    data: { a: [1, "ü"] },
    extension: "x y",
  });
  const { headers, body } = HTTP.binary(event);
  const posted = await fetch(`${url}/events/payload`, {
    method: "POST",
    headers: headers as Record<string, string>,
    body: body as string,
  });
  expect(posted.status).toBe(201);
  const answer = await fetch(`${url}/events/payload/0`);
  const read = HTTP.toEvent({ headers: Object.fromEntries(answer.headers), body: await answer.text() });
  expect(JSON.parse(JSON.stringify(read))).toEqual(JSON.parse(JSON.stringify(event)));
});
