/** A real browser, where there is one, on a page that tells the test what it sees. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { delimiter, join } from "node:path";
import { onTestFinished } from "vitest";
import { within } from "./deadline.ts";
import { endWithTest } from "./process-group.ts";

const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/** Its path; `undefined`, said aloud, when there is none. `what` is the test that needs it. */
export function findBrowser(what: string): string | undefined {
  const folders = (process.env.PATH ?? "").split(delimiter);
  const path = folders
    .flatMap((folder) => NAMES.map((name) => join(folder, name)))
    .find((each) => existsSync(each));
  if (path === undefined) {
    console.warn(`SKIPPED: the test of ${what} needs one of ${NAMES.join(", ")}, and there is none`);
  }
  return path;
}

/** A page with an origin of its own. Its script tells a thing by posting a JSON array of texts, the kind first, to `/told`. */
export class Page {
  readonly told: string[][] = [];
  html = "";
  /** Served as `/script.js`. */
  script = "";
  /** What is said to whatever the script tells. */
  answer = "";
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
        const isScript = incoming.url === "/script.js";
        outgoing.setHeader("Content-Type", isScript ? "text/javascript" : "text/html");
        outgoing.end(isScript ? this.script : incoming.url === "/" ? this.html : this.answer);
        this.#wake();
      });
    });
  }

  /** Its origin. */
  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => {
      this.#server.closeAllConnections();
      this.#server.close();
    });
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** What the page reported of this kind, without the kind. */
  of(kind: string): string[][] {
    return this.told.filter(([each]) => each === kind).map(([, ...rest]) => rest);
  }

  /** Resolves when so many things of this kind were told. */
  async toldOf(kind: string, count: number): Promise<void> {
    const isThere = (): boolean => this.of(kind).length >= count;
    const there = new Promise<void>((resolve) => {
      this.#wake = () => {
        if (isThere()) resolve();
      };
      this.#wake();
    });
    await within(`${count} of ${kind}, told were ${JSON.stringify(this.told)}`, there);
  }
}

/** Opens the page; the browser is ended with the test. */
export function browse(path: string, url: string, profile: string): ChildProcess {
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
  const child = spawn(path, [...flags, url], { stdio: "ignore", detached: true });
  // Runs after what stands below: helpers that outlive the browser write into its profile.
  endWithTest(child);
  const exited = new Promise((resolve) => child.once("exit", resolve));
  onTestFinished(async () => {
    child.kill();
    await within("the browser's end", exited);
  });
  return child;
}
