/** The stream that pg takes for its connection: what it writes goes to the worker, and what that answers is read. */
import { Duplex } from "node:stream";
import type { Worker } from "node:worker_threads";
import type { WorkerMessage } from "./pglite-worker.ts";

/** AuthenticationOk and ReadyForQuery: the worker knows of no passwords. */
const WELCOME = Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 0, 0x5a, 0, 0, 0, 5, 0x49]);
/** The first byte of Terminate, which would end the database. */
const TERMINATE = 0x58;

type Done = (error?: Error | null) => void;

export class PgliteWire extends Duplex {
  readonly #worker: Worker;
  #isWelcome = false;
  /** Called when the worker has answered the piece that it is at. */
  #done: Done | undefined;

  constructor(worker: Worker) {
    super();
    this.#worker = worker;
    worker.on("message", (answer: WorkerMessage) => {
      if (typeof answer === "string") {
        // The database has ended, and its thread may never answer again.
        this.destroy(new Error(answer));
        void worker.terminate();
      }
      if (!(answer instanceof Uint8Array)) return;
      const done = this.#done;
      this.#done = undefined;
      if (answer.length > 0) this.push(Buffer.from(answer.buffer, answer.byteOffset, answer.length));
      done?.();
    });
    worker.once("exit", () => this.destroy());
  }

  /** pg asks for a connection; there is one. */
  connect(): this {
    process.nextTick(() => this.emit("connect"));
    return this;
  }

  setNoDelay(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  override _read(): void {}

  override _write(piece: Buffer, _encoding: BufferEncoding, done: Done): void {
    this.#send(piece, done);
  }

  override _writev(pieces: { readonly chunk: Buffer }[], done: Done): void {
    this.#send(Buffer.concat(pieces.map(({ chunk }) => chunk)), done);
  }

  override _final(done: Done): void {
    this.push(null);
    done();
  }

  override _destroy(error: Error | null, done: Done): void {
    this.#done?.(error);
    this.#done = undefined;
    done(error);
  }

  #send(piece: Buffer, done: Done): void {
    if (!this.#isWelcome) {
      this.#isWelcome = true;
      this.push(WELCOME);
      done();
    } else if (piece[0] === TERMINATE) {
      done();
    } else {
      this.#done = done;
      const copy = new Uint8Array(piece);
      this.#worker.postMessage(copy, [copy.buffer]);
    }
  }
}
