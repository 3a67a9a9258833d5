/**
 * Where log lines go. The server is worth more than its log, so a write neither waits nor throws: lines that the system
 * does not take now wait in bounded memory, further ones are dropped and counted, and the log says how many as soon as
 * it can be written again.
 */
import { constants, fstatSync, openSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { isatty } from "node:tty";
import type { Runtime, Timer } from "../../lib/index.ts";

/** How often lines that wait are tried again while no line comes. */
const RETRY_MS = 100;
/** How often they are tried at the end, when nothing else is left to do. */
const DRAIN_STEP_MS = 10;

export interface LogOutputOptions {
  /** Gives bytes to the system without waiting for it; returns how many it took. @throws the system's error. */
  readonly write: (bytes: Uint8Array) => number;
  /** The line that stands in place of so many dropped ones. */
  readonly gapLine: (droppedCount: number) => string;
  readonly runtime: Runtime;
  /** Memory of lines that wait. One line may wait whatever its length. */
  readonly waitingBytes: number;
}

export class LogOutput {
  readonly #options: LogOutputOptions;
  /** In order. The first one may be the rest of a line whose beginning was taken. */
  readonly #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  /** Lines dropped since the last gap line. While there are any, all lines are dropped: the gap line goes first. */
  #untoldCount = 0;
  #droppedCount = 0;
  /** The last try met an error that waiting for a slow reader does not explain. */
  #isRefused = false;
  #retry: Timer | undefined;

  constructor(options: LogOutputOptions) {
    this.#options = options;
  }

  /** Lines dropped so far. */
  get droppedCount(): number {
    return this.#droppedCount;
  }

  write(line: string): void {
    this.#send();
    if (this.#untoldCount > 0 || !this.#hold(Buffer.from(line))) {
      this.#untoldCount += 1;
      this.#droppedCount += 1;
    }
    this.#send();
  }

  /** Resolves when nothing waits, when the system refuses what waits, or after `ms`. */
  async drain(ms: number): Promise<void> {
    for (let passedMs = 0; passedMs < ms; passedMs += DRAIN_STEP_MS) {
      this.#send();
      if (this.#waiting.length === 0 || this.#isRefused) return;
      await sleep(DRAIN_STEP_MS);
    }
  }

  #hold(line: Uint8Array): boolean {
    const bytes = this.#waitingBytes + line.length;
    if (this.#waiting.length > 0 && bytes > this.#options.waitingBytes) return false;
    this.#waiting.push(line);
    this.#waitingBytes = bytes;
    return true;
  }

  /** Gives the system what waits, as far as it takes it. */
  #send(): void {
    this.#isRefused = false;
    try {
      for (let line = this.#next(); line !== undefined; line = this.#next()) {
        const taken = this.#options.write(line);
        this.#waitingBytes -= taken;
        if (taken === line.length) this.#waiting.shift();
        else this.#waiting[0] = line.subarray(taken);
      }
    } catch (error) {
      this.#isRefused = (error as NodeJS.ErrnoException).code !== "EAGAIN";
    }
    if (this.#waiting.length > 0) this.#retryLater();
  }

  /** When the lines before a gap are taken, the gap line is next. */
  #next(): Uint8Array | undefined {
    if (this.#waiting.length === 0 && this.#untoldCount > 0) {
      this.#hold(Buffer.from(this.#options.gapLine(this.#untoldCount)));
      this.#untoldCount = 0;
    }
    return this.#waiting[0];
  }

  #retryLater(): void {
    this.#retry ??= this.#options.runtime.setTimer(RETRY_MS, () => {
      this.#retry = undefined;
      this.#send();
    });
  }
}

const STDERR = 2;
/** Linux: the pipe or terminal behind a descriptor, to be opened anew. */
const STDERR_PATH = `/proc/self/fd/${STDERR}`;

/**
 * The descriptor that log lines are written to: stderr, opened so that no write of this process waits for a reader.
 *
 * Whether writes wait is a property that all processes share that hold the same open pipe or terminal, and any of them
 * may change it. So this opens one of its own where the system lets it. Files and devices stay what they are: writes to
 * them end at once, and only stderr itself knows where to append.
 */
export function openLogDescriptor(): number {
  if (!fstatSync(STDERR).isFIFO() && !isatty(STDERR)) return makeNonBlocking();
  try {
    return openSync(STDERR_PATH, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch {
    return makeNonBlocking();
  }
}

/** Node does that itself to a pipe or socket when it makes a stream of it, which it does at the first look. */
function makeNonBlocking(): number {
  void process.stderr;
  return STDERR;
}
