/** A fetch that answers what the test wrote down, and a clock that the test moves. */
import { crc32 } from "node:zlib";
import { NetlogClient, type NetlogClientOptions } from "../../../lib/client/index.ts";
import type { ClientRuntime } from "../../../lib/client/runtime.ts";
import { within } from "../../support/deadline.ts";
import { ManualRuntime } from "../../support/manual-runtime.ts";

export interface Asked {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly headers: Headers;
  readonly body: unknown;
  readonly signal: AbortSignal;
  /** ms since the test began. */
  readonly atMs: number;
}

/** An answer, a failure, or what makes one. */
export type Step = Response | Error | ((asked: Asked) => Promise<Response> | Response);

export class Script {
  readonly asked: Asked[] = [];
  readonly manual: ManualRuntime = new ManualRuntime();
  /** What chance gives; 0.5 unless the test says otherwise. */
  random: number = 0.5;
  readonly #steps: Step[];
  readonly #startMs = this.manual.now();

  /** The last step is repeated without end. */
  constructor(...steps: Step[]) {
    this.#steps = steps;
  }

  readonly runtime: ClientRuntime = {
    now: () => this.manual.now(),
    setTimer: (delayMs, fire) => this.manual.setTimer(delayMs, fire),
    random: () => this.random,
  };

  client(options: NetlogClientOptions = {}, url = "http://netlog.test"): NetlogClient {
    return new NetlogClient(url, { fetch: this.fetch, runtime: this.runtime, ...options });
  }

  readonly fetch: typeof fetch = async (input, init = {}) => {
    const { host, pathname, search } = new URL(String(input));
    const asked: Asked = {
      method: init.method ?? "GET",
      target: `${host === "netlog.test" ? "" : host}${pathname}${search}`,
      headers: new Headers(init.headers),
      body: init.body,
      signal: init.signal ?? new AbortController().signal,
      atMs: this.manual.now() - this.#startMs,
    };
    this.asked.push(asked);
    const step = this.#steps.length > 1 ? this.#steps.shift()! : this.#steps[0]!;
    if (step instanceof Error) throw step;
    return typeof step === "function" ? await step(asked) : step.clone();
  };

  /** When each request was sent, in ms. */
  get times(): number[] {
    return this.asked.map(({ atMs }) => atMs);
  }

  /** What `promise` gives, time passing meanwhile as fast as it is waited for. */
  async settle<T>(promise: Promise<T>): Promise<T> {
    let isSettled = false;
    const settled = promise.finally(() => {
      isSettled = true;
    });
    settled.catch(() => {});
    const run = async (): Promise<T> => {
      // Several turns between two steps: bodies are read in turns of their own.
      while (!isSettled) {
        for (let i = 0; i < 5 && !isSettled; i++) await this.manual.turn();
        if (!isSettled) await this.manual.advance(50);
      }
      return await settled;
    };
    return await within("the scripted calls", run());
  }
}

/** An error as the server sends it. */
export function refused(status: number, code: string, headers: Record<string, string> = {}): Response {
  const body = JSON.stringify({
    ok: false,
    status,
    error: `netlog: ${code.replaceAll("_", " ")}`,
    reason: "why",
  });
  return new Response(`${body}\n`, { status, headers: { "X-Netlog-Error": code, ...headers } });
}

export function published(offset = 0): Response {
  return new Response(null, {
    status: 201,
    headers: { "X-Offset": String(offset), "X-Durability": "synced" },
  });
}

export function json(value: unknown, status = 200): Response {
  return new Response(JSON.stringify(value), { status });
}

/** What Node's fetch throws when nobody listens. */
export function notListening(): Error {
  const cause = Object.assign(new Error("connect ECONNREFUSED 127.0.0.1:7200"), {
    code: "ECONNREFUSED",
    syscall: "connect",
  });
  return new TypeError("fetch failed", { cause });
}

/** What it throws when the connection breaks: nobody knows what the server did. */
export function brokenOff(): Error {
  return new TypeError("fetch failed", {
    cause: Object.assign(new Error("other side closed"), { code: "UND_ERR_SOCKET" }),
  });
}

/** Never answers; rejects as fetch does when it is aborted. */
export function silence({ signal }: Asked): Promise<Response> {
  return new Promise((_resolve, reject) => {
    const fail = (): void => reject(signal.reason as Error);
    if (signal.aborted) fail();
    else signal.addEventListener("abort", fail);
  });
}

/** A line of NDJSON as the server writes it. */
export function line(offset: number, text = `m${offset}`): string {
  const message = {
    offset,
    timestamp: "2026-01-01T00:00:00.000Z",
    crc32: crc32(Buffer.from(text)),
    payload: text,
  };
  return `${JSON.stringify(message)}\n`;
}

/** A stream that brings these texts, and then ends, breaks off, or stays open until it is cancelled. */
export function streaming(end: "ends" | "breaks" | "stays", ...texts: string[]): Step {
  return () => {
    const left = [...texts];
    const body = new ReadableStream<Uint8Array>(
      {
        async pull(controller) {
          const text = left.shift();
          if (text !== undefined) controller.enqueue(Buffer.from(text));
          else if (end === "ends") controller.close();
          else if (end === "breaks") controller.error(new TypeError("terminated"));
          else await new Promise(() => {});
        },
      },
      { highWaterMark: 0 },
    );
    return new Response(body);
  };
}
