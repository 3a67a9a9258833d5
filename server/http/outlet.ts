/**
 * The way out for a stream: one write at a time, so that a reader costs one buffer and nothing is read ahead of the
 * socket. Tells a quiet reader that the stream is alive, and cuts one that takes nothing.
 */
import type { ServerResponse } from "node:http";
import type { Timer } from "../../lib/index.ts";
import { isStillAdmitted } from "./admission.ts";
import type { OnWaiting, Outlet } from "./answer.ts";
import type { ServerContext } from "./context.ts";
import type { Exchange } from "./exchange.ts";
import { ReaderWatch } from "./reader-watch.ts";

export class SocketOutlet implements Outlet {
  readonly #exchange: Exchange;
  readonly #outgoing: ServerResponse;
  readonly #context: ServerContext;
  readonly #heartbeat: string | undefined;
  #isClosed = false;
  #timer: Timer;
  /** Ends the write that is under way. */
  #finishWrite: ((handedOver: boolean) => void) | undefined;
  #leave: (() => void) | undefined;
  #mustNotWait = false;
  readonly #reader: ReaderWatch;

  /** Of an answer whose headers were given. */
  constructor(exchange: Exchange, heartbeat: string | undefined) {
    this.#exchange = exchange;
    this.#outgoing = exchange.outgoing;
    this.#context = exchange.context;
    this.#heartbeat = heartbeat;
    this.#reader = new ReaderWatch(exchange.incoming.socket, this.#context.limits);
    this.#timer = this.#nextTick();
    exchange.onClose(() => this.#close());
    exchange.connection.whileWaiting(() => {
      this.#mustNotWait = true;
      this.#leave?.();
    });
  }

  get mustNotWait(): boolean {
    return this.#mustNotWait;
  }

  get isStopping(): boolean {
    return this.#context.isStopping || this.#mustNotWait;
  }

  write(bytes: Uint8Array | string): Promise<boolean> {
    if (this.#isClosed) return Promise.resolve(false);
    return new Promise((resolve) => {
      this.#finishWrite = resolve;
      this.#reader.restart();
      this.#context.loop.noteWork();
      this.#outgoing.write(bytes, (error) => this.#finishInTurn(error === undefined || error === null));
      this.#count(bytes.length);
    });
  }

  /** What the system has not taken waits for the reader, and counts, be it small. */
  #count(bytes: number): void {
    const { incoming, memory } = this.#exchange;
    if (incoming.socket.writableLength === 0 || memory.mayKeep(bytes)) return;
    this.#context.logger.info(
      {},
      "cut a stream that there is no memory for, and that its reader does not take",
    );
    this.cut();
  }

  noteOut({ bytes, messageCount }: { readonly bytes: Uint8Array; readonly messageCount: number }): void {
    this.#context.traffic.noteOut(messageCount, bytes.length);
  }

  readonly whileWaiting: OnWaiting = (leave) => {
    if (this.#isClosed || this.#mustNotWait) leave();
    else this.#leave = leave;
  };

  end(): void {
    this.#close();
    this.#outgoing.end();
  }

  cut(): void {
    this.#close();
    this.#outgoing.destroy();
  }

  /** In a later turn: readers as fast as the log must not keep the others waiting. */
  async #finishInTurn(handedOver: boolean): Promise<void> {
    await this.#context.runtime.pause();
    this.#finish(handedOver);
  }

  #finish(handedOver: boolean): void {
    const finish = this.#finishWrite;
    this.#finishWrite = undefined;
    finish?.(handedOver);
  }

  #close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#timer.cancel();
    this.#finish(false);
    this.#leave?.();
  }

  #nextTick(): Timer {
    const { runtime, limits } = this.#context;
    return runtime.setTimer(limits.heartbeatMs, () => {
      if (!isStillAdmitted(this.#exchange)) this.cut();
      else if (this.#outgoing.writableLength > 0) this.#watchReader();
      else if (this.#heartbeat !== undefined) this.#outgoing.write(this.#heartbeat);
      if (!this.#isClosed) this.#timer = this.#nextTick();
    });
  }

  /** Something waits for the reader. */
  #watchReader(): void {
    if (!this.#reader.isStalled()) return;
    this.#context.logger.info({}, "cut a stream whose reader takes nothing");
    this.cut();
  }
}
