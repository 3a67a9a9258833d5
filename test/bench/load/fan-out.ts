/** Readers that follow one stream by server-sent events: how long it takes until the last of them has an append. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { encodeRequest } from "./http-connection.ts";
import { Latencies } from "./latencies.ts";
import type { LoadResult } from "./load-result.ts";

export interface FanOutJob {
  readonly port: number;
  readonly path: string;
  readonly readers: number;
  readonly payload: string;
  readonly headers: readonly string[];
  readonly appends: number;
}

/** A control event says that a reader has caught up. */
const CAUGHT_UP = "upToDate";

export async function fanOut(job: FanOutJob): Promise<LoadResult> {
  const readers = await Promise.all(
    Array.from({ length: job.readers }, () =>
      new Reader(job.port, `${job.path}?offset=now&live=sse`).opened(),
    ),
  );
  const latencies = new Latencies();
  const startedAtMs = performance.now();
  for (let append = 0; append < job.appends; append++) {
    const sentAtMs = performance.now();
    const arrivals = readers.map((reader) => reader.next());
    const answer = await fetch(`http://127.0.0.1:${job.port}${job.path}`, {
      method: "POST",
      headers: Object.fromEntries(job.headers.map((header) => header.split(": ") as [string, string])),
      body: job.payload,
    });
    if (!answer.ok) throw new Error(`unexpected answer: ${answer.status}`);
    await Promise.all(arrivals);
    latencies.add(performance.now() - sentAtMs);
  }
  const seconds = (performance.now() - startedAtMs) / 1000;
  for (const reader of readers) reader.close();
  return { messages: job.appends * job.readers, seconds, ...latencies.percentiles() };
}

class Reader {
  readonly #socket: Socket;
  #wake = (): void => {};

  constructor(port: number, path: string) {
    this.#socket = connect(port, "127.0.0.1").setNoDelay(true).setEncoding("latin1");
    this.#socket.on("data", (text: unknown) => {
      if (String(text).includes(CAUGHT_UP)) this.#wake();
    });
    this.#socket.write(encodeRequest("GET", path));
  }

  /** It follows. */
  async opened(): Promise<this> {
    await Promise.all([once(this.#socket, "connect"), this.next()]);
    return this;
  }

  /** Resolves when the next append, and what stands behind it, is there. */
  next(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  close(): void {
    this.#socket.destroy();
  }
}
