/** Tells whether a client takes what was written to it, by what the system has not taken of it yet. */
import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Limits } from "../lib/index.ts";
import type { Exchange } from "./exchange.ts";

/** Node keeps the bytes that the system has not taken yet here; its own idle timer looks at it, too. */
interface CountingHandle {
  readonly writeQueueSize?: number;
  /** Under TLS: what it writes to. Its own count stays the same until all of a write was taken. */
  readonly _parent?: CountingHandle;
}

type CountingSocket = Socket & { readonly _handle?: CountingHandle | null };

export class ReaderWatch {
  readonly #outgoing: ServerResponse;
  readonly #limits: Limits;
  /** How long what waits for the reader has not become less. */
  #stalledMs = 0;
  #lastQueuedBytes: number | undefined;

  constructor(outgoing: ServerResponse, limits: Limits) {
    this.#outgoing = outgoing;
    this.#limits = limits;
  }

  /** Something else was written. */
  restart(): void {
    this.#stalledMs = 0;
    this.#lastQueuedBytes = undefined;
  }

  /** To be asked each `heartbeatMs` while something waits for the reader: it took nothing for too long. */
  isStalled(): boolean {
    const { heartbeatMs, stalledMs } = this.#limits;
    const handle = (this.#outgoing.socket as CountingSocket | null)?._handle;
    const queuedBytes = (handle?._parent ?? handle)?.writeQueueSize;
    this.#stalledMs = queuedBytes === this.#lastQueuedBytes ? this.#stalledMs + heartbeatMs : 0;
    this.#lastQueuedBytes = queuedBytes;
    return this.#stalledMs >= stalledMs;
  }
}

/** Cuts the connection of an answer that was written whole and that nobody takes. */
export function cutWhenStalled({ outgoing, context, incoming }: Exchange): void {
  const { runtime, limits, logger } = context;
  const reader = new ReaderWatch(outgoing, limits);
  const look = (): void => {
    if (outgoing.closed || incoming.socket.destroyed) return;
    if (reader.isStalled()) {
      logger.info({ url: incoming.url }, "cut an answer whose reader takes nothing");
      incoming.socket.destroy();
    } else {
      timer = runtime.setTimer(limits.heartbeatMs, look);
    }
  };
  let timer = runtime.setTimer(limits.heartbeatMs, look);
  outgoing.once("close", () => timer.cancel());
}
