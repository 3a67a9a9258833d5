/** Archive links, real ones from a small storage broker and mock ones; roles; Kibana links. */
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { ClientAddresses } from "../../../../server/auth/client-address.ts";
import type { Exchange } from "../../../../server/http/exchange.ts";
import { parseNetwork } from "../../../../server/index.ts";
import { requireRole } from "../../../../server/views/payloads/identity.ts";
import { kibanaLink } from "../../../../server/views/payloads/kibana-link.ts";
import { DATABASES, type TestDatabase } from "../../../support/views/databases.ts";
import { type TrackerFixture, trackerForTest } from "../../../support/views/tracker.ts";

const ID = "e4b3d38f199f4abdb1cfbcf6e3b81f56";
const DASHED = "e4b3d38f-199f-4abd-b1cf-bcf6e3b81f56";
const ROLE = "platform-archive-download";

let opened: TestDatabase;
beforeAll(async () => {
  opened = await (DATABASES[0] as (typeof DATABASES)[number]).open();
});
afterEach(() => opened.clear());
afterAll(() => opened.close());

function identity(value: unknown): Record<string, string> {
  return { "x-rh-identity": Buffer.from(JSON.stringify(value)).toString("base64") };
}

const GOOD = identity({ identity: { associate: { Role: ["other", ROLE] } } });
const WRONG = identity({ identity: { associate: { Role: ["other"] } } });

/** A storage broker; gives the targets that it was asked for. */
async function broker(answer: RequestListener): Promise<{ readonly url: string; readonly asked: string[] }> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? "");
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/archive/url?from=tracker`,
    asked,
  };
}

async function withBroker(answer: RequestListener): Promise<TrackerFixture & { readonly asked: string[] }> {
  const { url, asked } = await broker(answer);
  const variables = { STORAGEBROKERURL: url, STORAGEBROKERREQUESTTIMEOUT: "200" };
  return { ...(await trackerForTest(opened.database, { variables })), asked };
}

describe("a link to an archive", () => {
  test("is the broker's url, for any spelling of the UUID", async () => {
    const link = "https://bucket.example/archive?signature=1&b=2";
    const { get, asked } = await withBroker((_request, response) =>
      response.end(JSON.stringify({ url: link })),
    );
    for (const spelling of [ID, DASHED, `urn:uuid:${DASHED}`, `%7B${DASHED}%7D`]) {
      expect(await get(`/payloads/${spelling}/archiveLink`, GOOD)).toMatchObject({
        status: 200,
        body: { url: link },
      });
    }
    expect(asked).toEqual(Array.from({ length: 4 }, () => `/archive/url?from=tracker&request_id=${ID}`));
  });

  test("no header, a broken one, and one without the role, before the id is looked at", async () => {
    const { get, asked } = await withBroker((_request, response) => response.end("{}"));
    const answer = async (headers: Record<string, string>): Promise<unknown[]> => {
      const { status, body } = await get("/payloads/1234/archiveLink", headers);
      expect(body).toMatchObject({ status, title: expect.any(String) });
      return [status, body.message];
    };
    expect(await answer({})).toEqual([
      401,
      "the header x-rh-identity is missing; the gateway in front writes it",
    ]);
    expect(await answer({ "x-rh-identity": "!" })).toEqual([401, "x-rh-identity is not base64"]);
    expect(await answer({ "x-rh-identity": "abcd" })).toEqual([401, "x-rh-identity is not UTF-8"]);
    expect(await answer({ "x-rh-identity": "e30" })).toEqual([401, "x-rh-identity is not base64"]);
    expect(await answer(identity([]))).toEqual([401, "x-rh-identity has no object around identity"]);
    expect(await answer(identity({ identity: { associate: { Role: ROLE } } }))).toEqual([
      401,
      "x-rh-identity has no list of roles",
    ]);
    const forbidden = "You do not have the required permissions to access this resource";
    for (const headers of [WRONG, identity({}), identity({ identity: { associate: {} } })]) {
      expect(await answer(headers)).toEqual([403, forbidden]);
    }
    expect(await answer(GOOD)).toEqual([400, "1234 is not a valid UUID"]);
    expect(asked).toEqual([]);
  });

  test("counts who asks for what is no UUID", async () => {
    const { get, metricsUrl } = await withBroker((_request, response) => response.end("{}"));
    await get("/payloads/1234/archiveLink", GOOD);
    await get("/payloads/1234/kibanaLink");
    const figures = await (await fetch(`${metricsUrl}/metrics`)).text();
    expect(figures).toContain("payload_tracker_api_invalid_request_IDs 2\n");
  });

  test("no url: there is no archive", async () => {
    for (const answer of ["{}", '{"url":""}', '{"url":null}']) {
      const { get } = await withBroker((_request, response) => response.end(answer));
      expect(await get(`/payloads/${ID}/archiveLink`, GOOD)).toMatchObject({
        status: 404,
        body: { title: "Not Found", message: "Payload not found", status: 404 },
      });
      await opened.clear();
    }
  });

  test.each<[string, RequestListener]>([
    ["gives no JSON", (_request, response) => response.end("<html>")],
    ["cuts the connection", (request) => request.socket.destroy()],
    ["does not answer in time", () => {}],
    ["answers without end", (_request, response) => response.end("1".repeat(70_000))],
    [
      "gives an url that a page must not link to",
      (_request, response) => response.end('{"url":"javascript:alert(1)"}'),
    ],
  ])("a broker that %s: 500, and the log says why", async (_name, answer) => {
    const { get, logger } = await withBroker(answer);
    const { status, body, headers } = await get(`/payloads/${ID}/archiveLink`, GOOD);
    expect([status, body.title, body.status]).toEqual([500, "Internal Server Error", 500]);
    expect(body.message).toMatch(/^the storage broker gave/);
    expect(headers.get("x-request-id")).not.toBeNull();
    expect(logger.lines.map(({ fields }) => String(fields.err)).join()).toContain("the storage broker gave");
  });

  test("the identity counts only from this machine, or from a proxy that is trusted", () => {
    const network = parseNetwork("10.0.0.0/8");
    const clientAddresses = new ClientAddresses(network === undefined ? [] : [network]);
    const ask = (remoteAddress: string): void => {
      const request = { remoteAddress, header: () => GOOD["x-rh-identity"] };
      requireRole({ request, context: { clientAddresses } } as unknown as Exchange, ROLE);
    };
    for (const trusted of ["127.0.0.1", "::1", "10.1.2.3", "::ffff:10.1.2.3"])
      expect(() => ask(trusted)).not.toThrow();
    for (const other of ["11.0.0.1", "2001:db8::1"]) expect(() => ask(other)).toThrow("unauthorized");
  });

  test("the mock asks nobody, checks nothing, and answers where it links to", async () => {
    const { get, url } = await trackerForTest(opened.database, { variables: { REQUESTOR_IMPL: "mock" } });
    const { status, body } = await get("/payloads/any%20thing/archiveLink");
    expect([status, body.url]).toEqual([200, `${url}/app/payload-tracker/api/v1/archive/any%20thing`]);
    const archive = await fetch(body.url);
    expect([archive.headers.get("content-type"), await archive.text()]).toEqual([
      "text/plain; charset=utf-8",
      "You got an archive for any thing",
    ]);
    const real = await withBroker((_request, response) => response.end("{}"));
    expect((await real.get(`/archive/${ID}`)).status).toBe(404);
  });
});

test("roles: 401, 403, 200", async () => {
  const { get } = await trackerForTest(opened.database);
  expect((await get("/roles/archiveLink")).status).toBe(401);
  expect((await get("/roles/archiveLink", WRONG)).status).toBe(403);
  expect(await get("/roles/archiveLink", GOOD)).toMatchObject({ status: 200, body: { allowed: true } });
});

describe("a link to Kibana", () => {
  const KIBANA = { KIBANA_URL: "https://kibana.example/app/kibana#/discover", KIBANA_INDEX: "43c5fed0-d5ce" };

  test("has the dashboard's address, the index, the id, and the service where it is given", async () => {
    const { get } = await trackerForTest(opened.database, { variables: KIBANA });
    const { status, body } = await get(`/payloads/${DASHED}/kibanaLink`);
    expect(status).toBe(200);
    expect(body.url).toContain(`${KIBANA.KIBANA_URL}?_g=(`);
    expect(body.url).toContain("time:(from:now-24h,to:now)");
    expect(body.url).toContain(`index:'${KIBANA.KIBANA_INDEX}'`);
    expect(decodeURIComponent(body.url)).toContain(`query:'request_id:${ID}'`);
    expect(body.url).toContain("sort:!(!('@timestamp',desc))");
    const ofService = await get(`/payloads/${ID}/kibanaLink?service=puptoo`);
    expect(decodeURIComponent(ofService.body.url)).toContain(`query:'request_id:${ID} AND app:puptoo'`);
  });

  test("an id that is no UUID is 400, and without a Kibana there is none", async () => {
    const { get } = await trackerForTest(opened.database);
    expect(await get("/payloads/1234/kibanaLink")).toMatchObject({
      status: 400,
      body: { message: "1234 is not a valid UUID" },
    });
    expect((await get(`/payloads/${ID}/kibanaLink`)).status).toBe(404);
  });

  test("nothing of a service's name becomes a part of the query or of the URL", () => {
    const settings = { url: "https://k", index: "i", serviceField: "app" };
    const link = kibanaLink(settings, ID, `a' OR "b" & c\\d!#`);
    expect(link).toContain("query:'request_id%3A");
    expect(decodeURIComponent(link)).toContain(`AND app:"a!' OR \\"b\\" & c\\\\d!!#"'`);
    expect(link.split("#")).toHaveLength(1);
    expect(link.split("&")).toHaveLength(2);
  });
});
