/**
 * `node dist-bench/console-tail.js [seconds]`: the console's live tail at 5,000 messages a second, in the system's
 * Chromium. It counts the frames that the page draws, and the memory that is left when the garbage is gone. It needs
 * playwright-core and a built program; the whole takes five minutes by default.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CDPSession, chromium, type Page } from "playwright-core";
import { startNetlog } from "./servers/start.ts";

const MESSAGES_A_SECOND = 5000;
const BATCH_EVERY_MS = 50;
const PAYLOAD_BYTES = 200;
const DEFAULT_SECONDS = 300;
const WINDOW_SECONDS = 10;
/** The first windows fill the ten thousand rows and compile the code. */
const WARM_UP_WINDOWS = 2;
const LEAST_FRAMES = 30;
/** Memory in the second half, by that in the first. */
const MOST_GROWTH = 1.1;

interface Window {
  readonly framesPerSecond: number;
  readonly longestFrameMs: number;
  readonly heapBytes: number;
  /** How many messages the page has not shown yet. */
  readonly behind: number;
}

async function main(): Promise<void> {
  const seconds = Number(process.argv[2] ?? DEFAULT_SECONDS);
  const folder = mkdtempSync(join(tmpdir(), "netlog-console-tail-"));
  const server = await startNetlog(folder);
  const browser = await chromium.launch({ executablePath: findChromium(), args: ["--no-sandbox"] });
  const url = `http://127.0.0.1:${server.port}`;
  try {
    await post(`${url}/tail`, JSON.stringify({ durability: "written" }));
    const publisher = new Publisher(`${url}/tail/batch?format=lines`);
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    await page.goto(`${url}/-/console/#/topics/tail/messages`);
    await page.getByRole("listbox", { name: "Messages" }).waitFor();
    const windows = await watch(page, publisher, Math.ceil(seconds / WINDOW_SECONDS));
    await publisher.stop();
    report(windows);
  } finally {
    await browser.close();
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function watch(page: Page, publisher: Publisher, count: number): Promise<Window[]> {
  const devTools = await page.context().newCDPSession(page);
  await page.evaluate(countFrames);
  const windows: Window[] = [];
  for (let number = 0; number < count; number++) {
    await sleep(WINDOW_SECONDS * 1000);
    const frames = await page.evaluate(takeFrames);
    const shown = await newestShown(page);
    const window = {
      framesPerSecond: frames.count / (frames.overMs / 1000),
      longestFrameMs: frames.longestMs,
      behind: publisher.count - 1 - shown,
      heapBytes: await heapBytes(devTools),
    };
    windows.push(window);
    // Collecting garbage held the page up: what it drew meanwhile is not its own doing.
    await page.evaluate(takeFrames);
    console.log(
      `${String((number + 1) * WINDOW_SECONDS).padStart(4)} s  ${window.framesPerSecond.toFixed(1)} frames/s,` +
        ` longest ${window.longestFrameMs.toFixed(0)} ms, heap ${(window.heapBytes / 1e6).toFixed(1)} MB,` +
        ` ${window.behind} messages behind, ${publisher.count} published`,
    );
  }
  return windows;
}

function report(windows: readonly Window[]): void {
  const measured = windows.slice(WARM_UP_WINDOWS);
  const fewest = Math.min(...measured.map(({ framesPerSecond }) => framesPerSecond));
  const half = Math.ceil(measured.length / 2);
  const growth = leastHeap(measured.slice(half)) / leastHeap(measured.slice(0, half));
  const isKept = fewest >= LEAST_FRAMES && growth <= MOST_GROWTH;
  console.log(
    `fewest ${fewest.toFixed(1)} frames/s (at least ${LEAST_FRAMES}), heap ${growth.toFixed(2)} × (at most ${MOST_GROWTH}):` +
      ` ${isKept ? "kept" : "not kept"}`,
  );
  if (!isKept) process.exitCode = 1;
}

/** The least, for what is on its way when it is looked at comes on top. */
function leastHeap(windows: readonly Window[]): number {
  return Math.min(...windows.map(({ heapBytes }) => heapBytes));
}

/** Publishes as many as are due by the clock, in batches, one on its way at a time. */
class Publisher {
  readonly #url: string;
  readonly #begunMs = performance.now();
  #count = 0;
  #isStopped = false;
  readonly #running: Promise<void>;

  constructor(url: string) {
    this.#url = url;
    this.#running = this.#run();
  }

  get count(): number {
    return this.#count;
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#isStopped) {
      const due = Math.floor(((performance.now() - this.#begunMs) / 1000) * MESSAGES_A_SECOND) - this.#count;
      const lines = Array.from({ length: due }, (_, i) => lineOf(this.#count + i));
      if (due > 0) await post(this.#url, lines.join("\n"));
      this.#count += due;
      await sleep(BATCH_EVERY_MS);
    }
  }
}

function lineOf(number: number): string {
  return `{"number":${number},"kind":"measured"}`.padEnd(PAYLOAD_BYTES, " .");
}

async function post(url: string, body: string): Promise<void> {
  const answer = await fetch(url, { method: "POST", body });
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}: ${await answer.text()}`);
}

interface Frames {
  readonly count: number;
  readonly overMs: number;
  readonly longestMs: number;
}

/** Runs in the page. */
function countFrames(): void {
  const counter = { count: 0, longestMs: 0, lastMs: performance.now(), sinceMs: performance.now() };
  Object.assign(globalThis, { frameCounter: counter });
  const frame = (): void => {
    const nowMs = performance.now();
    counter.count++;
    counter.longestMs = Math.max(counter.longestMs, nowMs - counter.lastMs);
    counter.lastMs = nowMs;
    nextFrame(frame);
  };
  const { requestAnimationFrame: nextFrame } = globalThis as unknown as {
    requestAnimationFrame: (call: () => void) => void;
  };
  nextFrame(frame);
}

/** Runs in the page: what was counted since the last time. */
function takeFrames(): Frames {
  const { frameCounter: counter } = globalThis as unknown as {
    frameCounter: { count: number; longestMs: number; lastMs: number; sinceMs: number };
  };
  const nowMs = performance.now();
  const frames = { count: counter.count, overMs: nowMs - counter.sinceMs, longestMs: counter.longestMs };
  Object.assign(counter, { count: 0, longestMs: 0, lastMs: nowMs, sinceMs: nowMs });
  return frames;
}

async function newestShown(page: Page): Promise<number> {
  const offset = await page.locator("[data-offset]").last().getAttribute("data-offset");
  return Number(offset);
}

/** Objects, payloads and the page's elements. */
async function heapBytes(devTools: CDPSession): Promise<number> {
  await devTools.send("HeapProfiler.collectGarbage");
  const { usedSize, backingStorageSize, embedderHeapUsedSize } = await devTools.send("Runtime.getHeapUsage");
  return usedSize + backingStorageSize + embedderHeapUsedSize;
}

function findChromium(): string {
  const { stdout } = spawnSync("which", ["chromium", "chromium-browser", "google-chrome"], {
    encoding: "utf8",
  });
  const [path = ""] = stdout.split("\n");
  if (path === "") throw new Error("there is no Chromium on this machine");
  return path;
}

function sleep(delayMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, delayMs));
}

await main();
