/** The stream in a real browser: an EventSource on a page of another origin, over a restart of the server. */
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { RawConnection } from "../contract/raw.ts";
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
    events.addEventListener("skipped", (event) => tell("skipped", event));
    events.onerror = (event) => tell(events.readyState === EventSource.CLOSED ? "gave up" : "error", event);
  </script>`;
}

/** Serves the folder to pages of `origin`; killed with the test. */
async function serve(
  folder: string,
  origin: string,
  listen: string,
  ...more: string[]
): Promise<BuiltServer> {
  const data = join(folder, "data");
  const server = await startServing(["-listen", listen, "-dir", data, "--cors-origin", origin, ...more]);
  onTestFinished(async () => {
    await server.kill();
  });
  return server;
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
    const first = await serve(folder, origin, "127.0.0.1:0");
    expect((await fetch(`${first.url}/t`, { method: "POST" })).status).toBe(201);
    await publish(first, ["m0", "two\nlines", "größer"]);
    page.html = pageOf(`${first.url}/t/stream?from=0`);
    browse(browser!, origin, join(folder, "profile"));
    await page.toldOf("message", 3);
    await publish(first, ["m3"]);
    await page.toldOf("message", 4);
    await first.stop();

    const second = await serve(folder, origin, `127.0.0.1:${first.port}`);
    await publish(second, ["m4", "carriage\rreturn", "m6"]);
    await page.toldOf("message", 6);
    await page.toldOf("base64", 1);
    expect(page.told.filter(([kind]) => kind !== "open" && kind !== "error")).toEqual([
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

  it("that breaks before its first event gets what came meanwhile, and so after the topic was made anew", async () => {
    const folder = temporaryFolder();
    const page = new Page();
    const origin = await page.listen();
    const first = await serve(folder, origin, "127.0.0.1:0");
    expect((await fetch(`${first.url}/t`, { method: "POST" })).status).toBe(201);
    await publish(first, ["m0", "m1"]);
    page.html = pageOf(`${first.url}/t/stream?from=end`);
    browse(browser!, origin, join(folder, "profile"));
    await page.toldOf("open", 1);
    // The server ends the stream properly. If it cut it, a busy browser might drop the opening, which has its place.
    await first.stop();

    // Where the page does not find it: what is published here is there before the page can be back.
    const hidden = await serve(folder, origin, "127.0.0.1:0");
    await publish(hidden, ["m2"]);
    await hidden.stop();
    const second = await serve(folder, origin, `127.0.0.1:${first.port}`);
    await page.toldOf("message", 1);
    expect(page.of("message")).toEqual([["2", "m2"]]);
    await second.kill();

    const anew = await serve(folder, origin, "127.0.0.1:0");
    expect((await fetch(`${anew.url}/t`, { method: "DELETE" })).status).toBe(200);
    expect((await fetch(`${anew.url}/t`, { method: "POST" })).status).toBe(201);
    await publish(anew, ["n0"]);
    await anew.stop();
    await serve(folder, origin, `127.0.0.1:${first.port}`);
    await page.toldOf("message", 2);
    expect(page.of("skipped")).toEqual([["-1", "0"]]);
    expect(page.of("message")).toEqual([
      ["2", "m2"],
      ["0", "n0"],
    ]);
    expect(page.of("gave up")).toEqual([]);
  });

  it("comes back to a server that had no room for it", async () => {
    const folder = temporaryFolder();
    const page = new Page();
    const origin = await page.listen();
    const connections = 4;
    const server = await serve(folder, origin, "127.0.0.1:0", "--max-connections", String(connections));
    expect((await fetch(`${server.url}/t`, { method: "POST" })).status).toBe(201);
    await publish(server, ["m0"]);
    const holding: RawConnection[] = [];
    for (let i = 0; i < connections; i++) {
      const connection = await RawConnection.open(server.url);
      onTestFinished(() => connection.leave());
      connection.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
      await connection.reply();
      holding.push(connection);
    }
    page.html = pageOf(`${server.url}/t/stream?from=first`);
    browse(browser!, origin, join(folder, "profile"));
    await page.toldOf("error", 1);
    expect(page.of("message")).toEqual([]);
    for (const connection of holding) connection.leave();
    await page.toldOf("message", 1);
    expect(page.of("message")).toEqual([["0", "m0"]]);
    expect(page.of("gave up")).toEqual([]);
  });
});
