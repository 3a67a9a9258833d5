/** The stream in a real browser: an EventSource on a page of another origin, over a restart of the server. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { delimiter, join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { type BuiltServer, startServing } from "../support/built-program.ts";
import { within } from "../support/deadline.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
const BROWSER_DEADLINE_MS = 60_000;

const browser = findBrowser();
if (browser === undefined) {
  console.warn(`SKIPPED: the test of EventSource needs one of ${NAMES.join(", ")}, and there is none`);
}

function findBrowser(): string | undefined {
  const folders = (process.env.PATH ?? "").split(delimiter);
  return folders
    .flatMap((folder) => NAMES.map((name) => join(folder, name)))
    .find((path) => existsSync(path));
}

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

class Page {
  readonly told: string[][] = [];
  html = "";
  readonly #server: Server;
  #wake = (): void => {};

  constructor() {
    this.#server = createServer((incoming, outgoing) => {
      let body = "";
      incoming.setEncoding("utf8").on("data", (text: string) => {
        body += text;
      });
      incoming.on("end", () => {
        if (incoming.method === "POST") this.told.push(JSON.parse(body) as string[]);
        outgoing.setHeader("Content-Type", "text/html");
        outgoing.end(incoming.url === "/" ? this.html : "");
        this.#wake();
      });
    });
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => {
      this.#server.closeAllConnections();
      this.#server.close();
    });
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Resolves when so many things of this kind were told. */
  async toldOf(kind: string, count: number): Promise<void> {
    const isThere = (): boolean => this.told.filter(([each]) => each === kind).length >= count;
    const there = new Promise<void>((resolve) => {
      this.#wake = () => {
        if (isThere()) resolve();
      };
      this.#wake();
    });
    await within(`${count} of ${kind}, told were ${JSON.stringify(this.told)}`, there, BROWSER_DEADLINE_MS);
  }
}

function browse(path: string, url: string, profile: string): ChildProcess {
  const flags = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--remote-debugging-port=0",
    `--user-data-dir=${profile}`,
  ];
  const child = spawn(path, [...flags, url], { stdio: "ignore" });
  const exited = new Promise((resolve) => child.once("exit", resolve));
  onTestFinished(async () => {
    child.kill();
    await within("the browser's end", exited);
  });
  return child;
}

async function publish(server: BuiltServer, payloads: readonly string[]): Promise<void> {
  for (const body of payloads) {
    const reply = await fetch(`${server.url}/t/payload`, { method: "POST", body });
    expect(reply.status).toBe(201);
  }
}

describe.skipIf(browser === undefined)("an EventSource in a browser", () => {
  it("comes back after a restart of the server, and misses nothing", { timeout: 120_000 }, async () => {
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
