/** Tells whether a client takes what was written to it, by what the system has not taken of it yet. */
import type { Socket } from "node:net";
import type { Limits } from "./limits.ts";
import type { NodeSide } from "./node-side.ts";

/** Node keeps the bytes that the system has not taken yet here; its own idle timer looks at it, too. */
interface CountingHandle {
  readonly writeQueueSize?: number;
  /** Under TLS: what it writes to. Its own count stays the same until all of a write was taken. */
  readonly _parent?: CountingHandle;
}

type CountingSocket = Socket & { readonly _handle?: CountingHandle | null };

export class ReaderWatch {
  readonly #socket: CountingSocket;
  readonly #limits: Limits;
  /** How long what waits for the reader has not become less. */
  #stalledMs = 0;
  #lastQueuedBytes: number | undefined;

  /** `socket` is the connection: an answer behind another one (pipelining) has no socket of its own yet. */
  constructor(socket: Socket, limits: Limits) {
    this.#socket = socket;
    this.#limits = limits;
  }

  /** Something else was written. */
  restart(): void {
    this.#stalledMs = 0;
    this.#lastQueuedBytes = undefined;
  }

  /**
   * To be asked each `heartbeatMs` while something waits for the reader: it took nothing for too long. What waits for
   * the answer before it does not wait for the reader.
   */
  isStalled(): boolean {
    const { heartbeatMs, stalledMs } = this.#limits;
    const { _handle: handle } = this.#socket;
    const queuedBytes = (handle?._parent ?? handle)?.writeQueueSize ?? 0;
    const isStill = queuedBytes > 0 && queuedBytes === this.#lastQueuedBytes;
    this.#stalledMs = isStill ? this.#stalledMs + heartbeatMs : 0;
    this.#lastQueuedBytes = queuedBytes;
    return this.#stalledMs >= stalledMs;
  }
}

/**
 * Cuts the connection of an answer that was written whole and that its reader does not take: after a while, or at once where there
 * is no memory for what waits. What was counted as it was made is, the rest counts from here on.
 */
export function cutWhenStalled({ outgoing, context, incoming, memory }: NodeSide): void {
  const { runtime, limits, logger } = context;
  if (memory.heldBytes === 0 && !memory.mayKeep(incoming.socket.writableLength)) {
    logger.info(
      { url: incoming.url },
      "cut an answer that there is no memory for, and that its reader does not take",
    );
    incoming.socket.destroy();
    return;
  }
  const reader = new ReaderWatch(incoming.socket, limits);
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
