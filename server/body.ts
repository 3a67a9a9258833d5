/** A request's body, taken whole, within a limit, and only as long as it keeps coming. */
import type { IncomingMessage } from "node:http";
import { NetlogError } from "../lib/index.ts";
import { HttpError } from "./errors.ts";
import type { IdleWatch, Progress } from "./idle-watch.ts";

const NO_BYTES = Buffer.alloc(0);

/** What the headers say: bytes, 0 for no body, `undefined` for a body of unknown length. */
export function declaredBytes(incoming: IncomingMessage): number | undefined {
  const { headers } = incoming;
  if (headers["transfer-encoding"] !== undefined) return undefined;
  return Number(headers["content-length"] ?? 0);
}

/** @throws payload_too_large when the headers say that the body is over the limit. */
export function checkDeclaredBytes(incoming: IncomingMessage, limitBytes: number): void {
  if ((declaredBytes(incoming) ?? 0) > limitBytes) throw tooLarge(limitBytes);
}

/**
 * The whole body; the caller owns the buffer.
 *
 * @throws payload_too_large, request_timeout: then the rest of the body is still to come. bad_request when the
 *   body was cut off.
 */
export async function takeBody(
  incoming: IncomingMessage,
  limitBytes: number,
  watch: IdleWatch,
): Promise<Buffer> {
  // A small body comes with its headers, and is there by the next microtask: then it takes no listeners, no watch
  // and no flowing stream, which are a tenth of what a publish costs (test/bench, publish).
  await undefined;
  const { readableLength } = incoming;
  if (readableLength > 0 && readableLength === declaredBytes(incoming)) return incoming.read();
  return new Promise((resolve, reject) => {
    const body = new BodyTaker(incoming, limitBytes, watch, resolve, reject);
    watch.add(body);
  });
}

class BodyTaker implements Progress {
  hasMoved = true;
  readonly #incoming: IncomingMessage;
  readonly #limitBytes: number;
  readonly #watch: IdleWatch;
  readonly #resolve: (body: Buffer) => void;
  readonly #reject: (error: Error) => void;
  readonly #chunks: Buffer[] = [];
  #sizeBytes = 0;

  constructor(
    incoming: IncomingMessage,
    limitBytes: number,
    watch: IdleWatch,
    resolve: (body: Buffer) => void,
    reject: (error: Error) => void,
  ) {
    this.#incoming = incoming;
    this.#limitBytes = limitBytes;
    this.#watch = watch;
    this.#resolve = resolve;
    this.#reject = reject;
    incoming.on("data", this.#take);
    incoming.on("end", this.#end);
    incoming.on("error", this.#cutOff);
  }

  giveUp(): void {
    this.#stop(new HttpError("request_timeout"));
  }

  readonly #take = (chunk: Buffer): void => {
    this.hasMoved = true;
    this.#sizeBytes += chunk.length;
    if (this.#sizeBytes > this.#limitBytes) this.#stop(tooLarge(this.#limitBytes));
    else this.#chunks.push(chunk);
  };

  readonly #end = (): void => {
    this.#watch.remove(this);
    const [first = NO_BYTES] = this.#chunks;
    this.#resolve(this.#chunks.length < 2 ? first : Buffer.concat(this.#chunks, this.#sizeBytes));
  };

  readonly #cutOff = (): void => {
    this.#stop(new NetlogError("bad_request", { reason: "the body was cut off" }));
  };

  /** What comes later is for whoever answers to drop. */
  #stop(error: Error): void {
    this.#watch.remove(this);
    this.#incoming.off("data", this.#take);
    this.#incoming.off("end", this.#end);
    this.#incoming.pause();
    this.#reject(error);
  }
}

function tooLarge(limitBytes: number): NetlogError {
  return new NetlogError("payload_too_large", { reason: `at most ${limitBytes} bytes` });
}
