/** The stream in a real browser: an EventSource on a page of another origin, over a restart of the server. */
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { browse, findBrowser, Page } from "../support/browser.ts";
import { type BuiltServer, startServing } from "../support/built-program.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const browser = findBrowser("EventSource");

/** Tells its own server of every event, one after the other. */
function pageOf(streamUrl: string): string {
  return `<!doctype html><title>events</title><script>
    let told = Promise.resolve();
    const tell = (kind, event) => {
      const body = JSON.stringify([kind, event.lastEventId ?? "", event.data ?? ""]);
      told = told.then(() => fetch("/told", { method: "POST", body }));
    };
    const events = new EventSource(${JSON.stringify(streamUrl)});
    events.onopen = (event) => tell("open", event);
    events.onmessage = (event) => tell("message", event);
    events.addEventListener("base64", (event) => tell("base64", event));
  </script>`;
}

async function publish(server: BuiltServer, payloads: readonly string[]): Promise<void> {
  for (const body of payloads) {
    const reply = await fetch(`${server.url}/t/payload`, { method: "POST", body });
    expect(reply.status).toBe(201);
  }
}

describe.skipIf(browser === undefined)("an EventSource in a browser", () => {
  it("comes back after a restart of the server, and misses nothing", async () => {
    const folder = temporaryFolder();
    const page = new Page();
    const origin = await page.listen();
    const serve = async (listen: string): Promise<BuiltServer> => {
      const server = await startServing([
        "-listen",
        listen,
        "-dir",
        join(folder, "data"),
        "--cors-origin",
        origin,
      ]);
      onTestFinished(async () => {
        await server.kill();
      });
      return server;
    };
    const first = await serve("127.0.0.1:0");
    expect((await fetch(`${first.url}/t`, { method: "POST" })).status).toBe(201);
    await publish(first, ["m0", "two\nlines", "größer"]);
    page.html = pageOf(`${first.url}/t/stream?from=0`);
    browse(browser!, origin, join(folder, "profile"));
    await page.toldOf("message", 3);
    await publish(first, ["m3"]);
    await page.toldOf("message", 4);
    await first.stop();

    const second = await serve(`127.0.0.1:${first.port}`);
    await publish(second, ["m4", "carriage\rreturn", "m6"]);
    await page.toldOf("message", 6);
    await page.toldOf("base64", 1);
    expect(page.told.filter(([kind]) => kind !== "open")).toEqual([
      ["message", "0", "m0"],
      ["message", "1", "two\nlines"],
      ["message", "2", "größer"],
      ["message", "3", "m3"],
      ["message", "4", "m4"],
      ["base64", "5", Buffer.from("carriage\rreturn").toString("base64")],
      ["message", "6", "m6"],
    ]);
    expect(page.told.filter(([kind]) => kind === "open").length).toBeGreaterThan(1);
  });
});
