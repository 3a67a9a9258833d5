/**
 * The way out for a stream: one write at a time, so that a reader costs one buffer and nothing is read ahead of the
 * socket. Tells a quiet reader that the stream is alive, and cuts one that takes nothing.
 */
import type { ServerResponse } from "node:http";
import type { Timer } from "../../lib/index.ts";
import type { Heartbeat, OnWaiting, Outlet } from "./answer.ts";
import type { ServerContext } from "./context.ts";
import type { NodeSide } from "./node-side.ts";
import { ReaderWatch } from "./reader-watch.ts";
import type { StreamWatch } from "./request.ts";

export class SocketOutlet implements Outlet {
  readonly #request: NodeSide;
  readonly #watch: StreamWatch;
  readonly #outgoing: ServerResponse;
  readonly #context: ServerContext;
  readonly #heartbeat: Heartbeat;
  #isClosed = false;
  #timer: Timer;
  /** Ends the write that is under way. */
  #finishWrite: ((handedOver: boolean) => void) | undefined;
  #leave: (() => void) | undefined;
  #mustNotWait = false;
  readonly #reader: ReaderWatch;

  /** The headers of the answer were given. */
  constructor(request: NodeSide, heartbeat: Heartbeat, watch: StreamWatch) {
    this.#request = request;
    this.#watch = watch;
    this.#outgoing = request.outgoing;
    this.#context = request.context;
    this.#heartbeat = heartbeat;
    this.#reader = new ReaderWatch(request.incoming.socket, this.#context.limits);
    this.#timer = this.#nextTick();
    request.onClose(() => this.#close());
    request.connection.whileWaiting(() => {
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
    const { incoming, memory } = this.#request;
    if (incoming.socket.writableLength === 0 || memory.mayKeep(bytes)) return;
    this.#context.logger.info(
      {},
      "cut a stream that there is no memory for, and that its reader does not take",
    );
    this.cut();
  }

  noteOut({ bytes, messageCount }: { readonly bytes: Uint8Array; readonly messageCount: number }): void {
    this.#watch.noteOut(messageCount, bytes.length);
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
      if (!this.#watch.isStillAdmitted()) this.cut();
      else if (this.#outgoing.writableLength > 0) this.#watchReader();
      else this.#tellAlive();
      if (!this.#isClosed) this.#timer = this.#nextTick();
    });
  }

  #tellAlive(): void {
    const text = this.#heartbeat();
    if (text !== undefined) this.#outgoing.write(text);
  }

  /** Something waits for the reader. */
  #watchReader(): void {
    if (!this.#reader.isStalled()) return;
    this.#context.logger.info({}, "cut a stream whose reader takes nothing");
    this.cut();
  }
}
