/** A request's body, taken piece by piece or whole, within a limit, and only as long as it keeps coming. */
import type { IncomingMessage } from "node:http";
import { NetlogError, type Runtime } from "../../lib/index.ts";
import { HttpError } from "../wire/errors.ts";
import { BodyBuffer } from "./body-buffer.ts";
import type { BodySource } from "./body-source.ts";
import type { IdleWatch, Progress } from "./idle-watch.ts";
import { Pace } from "./pace.ts";

const FORM = /^\s*multipart\/form-data\b/i;

/** What the headers say: bytes, 0 for no body, `undefined` for a body of unknown length. */
export function declaredBytes(incoming: IncomingMessage): number | undefined {
  const { headers } = incoming;
  if (headers["transfer-encoding"] !== undefined) return undefined;
  return Number(headers["content-length"] ?? 0);
}

/**
 * A form wraps what was meant to be stored in boundaries and headers of its own, by every way in.
 *
 * @throws unsupported_media_type.
 */
export function refuseForm(contentType: string | undefined): void {
  if (contentType === undefined || !FORM.test(contentType)) return;
  const reason =
    "multipart/form-data (curl -F) is not unpacked; send the bytes alone: curl --data-binary @file";
  throw new HttpError("unsupported_media_type", { reason });
}

/** Counts bytes that are about to be held, and throws when there are too many. */
export type Hold = (bytes: number) => void;

/**
 * The whole of a small body, which comes with its headers and is there by the next microtask; `undefined` when there is
 * more to come. It takes no listeners, no watch and no flowing stream, which are a tenth of what a publish costs
 * (test/bench, publish).
 */
export function readSmallBody(
  incoming: IncomingMessage,
  lengthBytes: number | undefined,
): Buffer | undefined {
  const { readableLength } = incoming;
  if (readableLength === 0 || readableLength !== lengthBytes) return undefined;
  return incoming.read();
}

/**
 * The whole body; the caller owns the buffer. `spaceBytes` before it are the caller's, too. `lengthBytes` is what it will
 * be, where that is known.
 *
 * @throws payload_too_large, request_timeout: then the rest of the body is still to come. bad_request when the
 *   body was cut off, or is not packed as it says. What `hold` throws.
 */
export async function takeBody(
  source: BodySource,
  lengthBytes: number | undefined,
  limitBytes: number,
  watch: IdleWatch,
  spaceBytes: number,
  hold: Hold,
  pause: Runtime["pause"],
): Promise<Buffer> {
  const body = new BodyBuffer(lengthBytes, limitBytes, spaceBytes);
  try {
    const take = (piece: Buffer): void => {
      hold(piece.length);
      body.add(piece);
    };
    await takePieces(source, limitBytes, watch, take, pause);
  } catch (error) {
    body.drop();
    throw error;
  }
  return body.bytes();
}

/**
 * Gives `take` the body's pieces, and resolves at its end.
 *
 * @throws as takeBody does, and what `take` throws: then, too, the rest is still to come.
 */
export function takePieces(
  source: BodySource,
  limitBytes: number,
  watch: IdleWatch,
  take: (piece: Buffer) => void,
  pause: Runtime["pause"],
): Promise<void> {
  return new Promise((resolve, reject) => {
    const body = new BodyTaker(source, limitBytes, watch, { take, pause, resolve, reject });
    watch.add(body);
  });
}

interface Receiver {
  readonly take: (piece: Buffer) => void;
  readonly pause: Runtime["pause"];
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

class BodyTaker implements Progress {
  hasMoved = true;
  readonly #source: BodySource;
  readonly #limitBytes: number;
  readonly #watch: IdleWatch;
  readonly #receiver: Receiver;
  #sizeBytes = 0;
  readonly #pace: Pace;

  constructor(source: BodySource, limitBytes: number, watch: IdleWatch, receiver: Receiver) {
    this.#source = source;
    this.#limitBytes = limitBytes;
    this.#watch = watch;
    this.#receiver = receiver;
    this.#pace = new Pace(source.stream, receiver.pause, () => source.stream.resume());
    source.stream.on("data", this.#take);
    source.stream.on("end", this.#end);
    source.stream.on("error", this.#fail);
  }

  giveUp(): void {
    this.#stop(new HttpError("request_timeout"));
  }

  readonly #take = (piece: Buffer): void => {
    this.hasMoved = true;
    this.#sizeBytes += piece.length;
    try {
      if (this.#sizeBytes > this.#limitBytes) throw tooLarge(this.#limitBytes);
      this.#receiver.take(piece);
    } catch (error) {
      this.#stop(error);
      return;
    }
    this.#pace.add(piece.length);
  };

  readonly #end = (): void => {
    const flaw = this.#source.flaw();
    if (flaw !== undefined) {
      this.#stop(flaw);
      return;
    }
    this.#pace.end();
    this.#watch.remove(this);
    this.#receiver.resolve();
  };

  readonly #fail = (error: unknown): void => {
    this.#stop(this.#source.failureOf(error));
  };

  /** The answer drops what comes later. */
  #stop(error: unknown): void {
    this.#pace.end();
    this.#watch.remove(this);
    this.#source.stream.off("data", this.#take);
    this.#source.stream.off("end", this.#end);
    this.#source.close();
    this.#receiver.reject(error);
  }
}

export function tooLarge(limitBytes: number): NetlogError {
  return new NetlogError("payload_too_large", { reason: `at most ${limitBytes} bytes` });
}
