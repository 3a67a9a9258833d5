/** What `netlog publish` publishes: arguments, files whole or by line, standard input whole or by line. */
import { createReadStream, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { LARGEST_BYTES } from "../../../lib/values.ts";
import { type Context, EXIT, type Input } from "../../cli/command.ts";
import { cutLines } from "./lines.ts";
import { untilAborted } from "./until-aborted.ts";

/** No server takes more; what this one takes is its own to say. */
const PAYLOAD_BYTES = LARGEST_BYTES;

/** Input that cannot be read, or is none. `status` is what the program ends with. */
export class PublishInputError extends Error {
  readonly status: number;

  constructor(message: string, status: number) {
    super(message);
    this.name = "PublishInputError";
    this.status = status;
  }
}

export interface PublishInput {
  readonly payloads: AsyncIterable<Uint8Array | readonly Uint8Array[]> | Iterable<string>;
  /** `undefined` where it is unknown. */
  readonly totalBytes: number | undefined;
  /** A person types it. */
  readonly isInteractive: boolean;
  /** More may come at any time; otherwise it is all there. */
  readonly isLive: boolean;
}

interface Wanted {
  readonly options: { readonly lines: boolean; readonly file: boolean };
  readonly stdin: Context["stdin"];
  readonly stderr: Context["stderr"];
}

/** Ends early, with the last whole message, when `signal` is aborted. @throws PublishInputError; reading throws it, too. */
export function openPublishInput(
  { options, stdin, stderr }: Wanted,
  operands: readonly string[],
  signal: AbortSignal,
): PublishInput {
  if (options.file) {
    const totalBytes = operands.reduce((sum, path) => sum + fileSize(path), 0);
    const payloads = options.lines
      ? linesOf(readPieces(operands), signal)
      : untilAborted(readFiles(operands), signal);
    return { payloads, totalBytes, isInteractive: false, isLive: false };
  }
  if (operands.length > 0)
    return { payloads: operands, totalBytes: undefined, isInteractive: false, isLive: false };
  const input = stdin();
  const isInteractive = input.isTTY === true;
  if (isInteractive && stderr.isTTY === true) {
    stderr.write("netlog: a message a line; ^D at the beginning of a line ends\n");
  }
  const payloads = options.lines || isInteractive ? linesOf(input, signal) : wholeOf(input, signal);
  return { payloads, totalBytes: input.sizeBytes, isInteractive, isLive: true };
}

function linesOf(
  pieces: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): AsyncIterable<readonly Uint8Array[]> {
  return cutLines(pieces, PAYLOAD_BYTES, signal);
}

/** As one message. More than the server takes is not read to its end, which may be far. */
async function* wholeOf(input: Input, signal: AbortSignal): AsyncGenerator<Uint8Array, void, undefined> {
  const pieces: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const piece of untilAborted(input, signal)) {
    pieces.push(piece);
    sizeBytes += piece.length;
    if (sizeBytes <= PAYLOAD_BYTES) continue;
    const hint = "--lines makes a message of each line";
    throw new PublishInputError(
      `standard input is longer than a message can be, ${PAYLOAD_BYTES} bytes; ${hint}`,
      EXIT.failed,
    );
  }
  if (signal.aborted) return;
  if (sizeBytes === 0) {
    throw new PublishInputError("standard input is empty, and a message has at least one byte", EXIT.nothing);
  }
  yield Buffer.concat(pieces);
}

async function* readFiles(paths: readonly string[]): AsyncGenerator<Uint8Array, void, undefined> {
  for (const path of paths) {
    const payload = await readFile(path).catch((error: unknown) => refuse(path, error));
    if (payload.length === 0) {
      throw new PublishInputError(`${path} is empty, and a message has at least one byte`, EXIT.nothing);
    }
    yield payload;
  }
}

/** One file after the other; a file ends its last line. */
async function* readPieces(paths: readonly string[]): AsyncGenerator<Uint8Array, void, undefined> {
  for (const path of paths) {
    try {
      yield* createReadStream(path) as AsyncIterable<Buffer>;
    } catch (error) {
      refuse(path, error);
    }
    yield Buffer.from("\n");
  }
}

function fileSize(path: string): number {
  try {
    return statSync(path).size;
  } catch (error) {
    return refuse(path, error);
  }
}

function refuse(path: string, error: unknown): never {
  if (!(error instanceof Error && "syscall" in error)) throw error;
  throw new PublishInputError(
    `${path} cannot be read (${(error as NodeJS.ErrnoException).code})`,
    EXIT.failed,
  );
}
