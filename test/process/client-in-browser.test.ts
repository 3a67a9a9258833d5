/** The client library in a page of another origin, bundled as such pages are, over a restart of the server. */
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { describe, expect, it, onTestFinished, test } from "vitest";
import { browse, findBrowser, Page } from "../support/browser.ts";
import { type BuiltServer, startServing } from "../support/built-program.ts";
import { bundle } from "../support/bundle.ts";
import { PROJECT_ROOT } from "../support/project-files.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const browser = findBrowser("the client in a page");

const IMPORTS = `
  import { isNetlogClientError, NetlogClient } from ${JSON.stringify(`${PROJECT_ROOT}dist/lib/client/index.js`)};
  import { EventPublisher, EventSubscriber } from ${JSON.stringify(`${PROJECT_ROOT}dist/lib/client/events/index.js`)};
`;

function scriptOf(url: string): string {
  return `${IMPORTS}
    let told = Promise.resolve();
    const tell = (...things) => {
      const body = JSON.stringify(things.map(String));
      told = told.then(() => fetch("/told", { method: "POST", body }));
    };
    addEventListener("unhandledrejection", ({ reason }) => tell("failed", reason?.stack ?? reason));

    const netlog = new NetlogClient(${JSON.stringify(url)});
    const events = new EventPublisher(netlog, "events", { onWarning: ({ code }) => tell("warning", code) });

    async function useTopic() {
      const topic = await netlog.createTopic("page", { durability: "written" });
      const { offset, durability } = await topic.publish("größer");
      tell("published", offset, durability);
      const batch = await topic.publishBatch(["a", Uint8Array.of(0, 255)], { compression: "gzip" });
      tell("batch", batch.offset, batch.count);
      const message = await topic.read(2);
      tell("read", message.payload, message.crc32);
      const missing = await topic.read(99).catch((error) => error);
      tell("error", isNetlogClientError(missing, "offset_not_found"), missing.status);
      const jobs = await topic.createScanner({ id: "jobs", ack: "explicit" });
      const job = await jobs.scan();
      await job.ack();
      tell("job", job.text(), job.delivery, (await jobs.info()).pending);
      return topic;
    }

    async function follow(topic) {
      for await (const message of topic.stream({ from: "first", onRetry: () => tell("away") })) {
        tell("message", message.offset, message.text());
      }
    }

    async function subscribe() {
      const subscriber = new EventSubscriber(netlog, {
        topic: "events",
        name: "page",
        from: "first",
        handlers: ({ type, data }) => tell("event", type, data.number),
        onWarning: () => {},
      });
      await subscriber.run();
    }

    const topic = await useTopic();
    void follow(topic);
    void subscribe();
    globalThis.publishEvent = (number) => events.publish({ type: "counted", data: { number } });
    publishEvent(0);
    // While the server is away.
    let isAway = false;
    setInterval(async () => {
      const answer = await fetch("/told", { method: "POST", body: '["alive"]' });
      if (!isAway && (await answer.text()) === "away") {
        isAway = true;
        for (const number of [1, 2, 3]) publishEvent(number);
        tell("queued", events.stats().queued);
      }
    }, 100);
  `;
}

const PLATFORM = `
  import { platformEvents } from ${JSON.stringify(`${PROJECT_ROOT}dist/lib/client/events/platform.js`)};
`;

test("a page's bundle of the client needs nothing of Node, also with the vocabulary of a platform", async () => {
  const code = await bundle(
    `${IMPORTS}${PLATFORM} console.log(NetlogClient, isNetlogClientError, EventPublisher, EventSubscriber, platformEvents);`,
  );
  expect(code).toContain("thing.update_group_and_profile");
  expect(code).not.toMatch(/^\s*import\b/m);
  expect(code).not.toMatch(/\bnode:|\brequire\(["']/);
});

test("who does not use the vocabulary of a platform has nothing of it in the bundle", async () => {
  const events = `${IMPORTS} console.log(NetlogClient, EventPublisher, EventSubscriber);`;
  const without = await bundle(events);
  expect(without).not.toMatch(/thing\.create|jwt_identity/);
  expect((await bundle(`${PLATFORM}${events}`)).length).toBe(without.length);
});

describe.skipIf(browser === undefined)("the client in a browser", () => {
  it("does what it does in Node, and comes back after a kill of the server", async () => {
    const folder = temporaryFolder();
    const page = new Page();
    const origin = await page.listen();
    const serve = async (listen: string): Promise<BuiltServer> => {
      const data = join(folder, "data");
      const server = await startServing(["serve", "-listen", listen, "-dir", data, "--cors-origin", origin]);
      onTestFinished(async () => {
        await server.kill();
      });
      return server;
    };
    const first = await serve("127.0.0.1:0");
    page.script = await bundle(scriptOf(first.url));
    page.html = '<!doctype html><title>client</title><script type="module" src="/script.js"></script>';
    browse(browser!, origin, join(folder, "profile"));
    await page.toldOf("message", 3);
    await page.toldOf("event", 1);
    await first.kill();
    await page.toldOf("away", 1);
    page.answer = "away";
    await page.toldOf("queued", 1);

    const second = await serve(`127.0.0.1:${first.port}`);
    const reply = await fetch(`${second.url}/page/payload`, { method: "POST", body: "after" });
    expect(reply.status).toBe(201);
    await page.toldOf("message", 4);
    await page.toldOf("event", 4);
    expect(page.of("failed")).toEqual([]);
    expect(page.of("published")).toEqual([["0", "written"]]);
    expect(page.of("batch")).toEqual([["1", "2"]]);
    expect(page.of("read")).toEqual([["0,255", String(crc32(Uint8Array.of(0, 255)))]]);
    expect(page.of("error")).toEqual([["true", "404"]]);
    expect(page.of("job")).toEqual([["größer", "1", "0"]]);
    expect(page.of("message")).toEqual([
      ["0", "größer"],
      ["1", "a"],
      ["2", "\0\ufffd"],
      ["3", "after"],
    ]);
    // The kill may have come between an event and the saving of its place.
    const events = page.of("event").filter(([, number], index, all) => number !== all[index - 1]?.[1]);
    expect(events).toEqual(["0", "1", "2", "3"].map((number) => ["counted", number]));
  });
});
