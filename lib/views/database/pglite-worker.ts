/**
 * PGlite in a thread of its own, since a statement of it holds the thread that it runs in. Bytes of PostgreSQL's protocol go
 * in and come out; pg speaks it on the other side. The thread gets the text of `runWorker`, so that it needs no file of
 * its own beside the built program.
 */
import { createRequire } from "node:module";
import { type Transferable, Worker } from "node:worker_threads";
import { DataFolderError } from "../../index.ts";

/** PostgreSQL's own 128 MB would be taken twice: the system keeps the pages of files as well. */
const SHARED_BUFFERS = "16MB";
const WASM_PAGE_BYTES = 65_536;

/** What the thread is given. */
interface WorkerData {
  /** Where PGlite's package is. */
  readonly pglitePath: string;
  /** The folder of its files. */
  readonly folder: string;
  readonly sharedBuffers: string;
  /** Pages of 64 KiB. A statement that needs more fails with SQLSTATE 53200, and the database goes on. */
  readonly maxPages: number;
  /** What an earlier thread has compiled. */
  readonly program: Program | undefined;
}

/** A `WebAssembly.Module`. */
interface Program {
  readonly [Symbol.toStringTag]: "WebAssembly.Module";
}

/** In pages. */
interface MemorySize {
  readonly initial: number;
  readonly maximum: number;
}

/** What is used of WebAssembly, which Node's types do not have. */
interface WithWebAssembly {
  readonly WebAssembly: {
    Memory: new (size: MemorySize) => object;
    readonly Module: new (bytes: Uint8Array) => Program;
  };
}

/** A piece of the protocol to the thread, or from it; a text says why it ends, and its program that it has begun. */
export type WorkerMessage = Uint8Array | string | Program;

/** PGlite's, compiled once in a process: a thread that gets it begins with a third of the work. */
let program: Program | undefined;

/** The database takes `maxBytes` of memory at most. @throws DataFolderError where the optional package is not installed. */
export function startWorker(folder: string, maxBytes: number): Worker {
  const maxPages = Math.floor(maxBytes / WASM_PAGE_BYTES);
  const workerData: WorkerData = {
    pglitePath: pathOfPglite(),
    folder,
    sharedBuffers: SHARED_BUFFERS,
    maxPages,
    program,
  };
  const worker = new Worker(`(${runWorker.toString()})(require)`, {
    eval: true,
    workerData,
    stdout: true,
    stderr: true,
  });
  worker.once("message", (message: WorkerMessage) => {
    if (typeof message === "object" && !(message instanceof Uint8Array)) program = message;
  });
  return worker;
}

function pathOfPglite(): string {
  try {
    return createRequire(import.meta.url).resolve("@electric-sql/pglite");
  } catch (error) {
    const missing = "a view without --db needs the package @electric-sql/pglite, which is not installed";
    const remedy = "install it with npm install @electric-sql/pglite, or name a PostgreSQL server with --db";
    throw new DataFolderError(`${missing}; ${remedy}`, error);
  }
}

/** Runs in the thread, and knows nothing but its argument. */
function runWorker(load: NodeJS.Require): void {
  const { parentPort, workerData } = load("node:worker_threads") as typeof import("node:worker_threads");
  const { readFileSync } = load("node:fs") as typeof import("node:fs");
  const { dirname, join } = load("node:path") as typeof import("node:path");
  const { pglitePath, folder, sharedBuffers, maxPages, program: compiled } = workerData as WorkerData;
  const { PGlite } = load(pglitePath) as typeof import("@electric-sql/pglite");
  const send = (message: WorkerMessage, transfer: Transferable[] = []): void =>
    parentPort?.postMessage(message, transfer);

  // PGlite has no option for the most memory that it takes, and would take 2 GiB.
  const { WebAssembly: wasm } = globalThis as unknown as WithWebAssembly;
  const { Memory, Module } = wasm;
  wasm.Memory = class extends Memory {
    constructor(size: MemorySize) {
      super({ ...size, maximum: Math.min(size.maximum, maxPages) });
    }
  };
  // What PostgreSQL says as it ends is worth more than PGlite's own error. It may then never come back to this thread.
  const severe = /(?:FATAL|PANIC): +(.*)/;
  let last = "";
  let hasBegun = false;
  const onStderr = (text: string): boolean => {
    const reason = severe.exec(text)?.[1];
    last = reason ?? last;
    if (hasBegun && reason !== undefined) send(reason);
    return true;
  };
  const reasonOf = (error: unknown): string =>
    last || (error instanceof Error ? error.message : String(error));
  const startParams = [...PGlite.defaultStartParams, "-c", `shared_buffers=${sharedBuffers}`];
  const pgliteWasmModule = compiled ?? new Module(readFileSync(join(dirname(pglitePath), "pglite.wasm")));
  PGlite.create({ startParams, onStderr, dataDir: folder, pgliteWasmModule }).then(
    (database) => {
      // One piece follows the other: the other side sends the next one when this one is answered.
      parentPort?.on("message", async (piece: Uint8Array | null) => {
        if (piece === null) {
          await database.close();
          parentPort?.close();
          return;
        }
        const answer = await database.execProtocolRaw(piece).catch(reasonOf);
        if (typeof answer === "string") {
          send(answer);
          return;
        }
        const copy = new Uint8Array(answer);
        send(copy, [copy.buffer]);
      });
      hasBegun = true;
      send(pgliteWasmModule);
    },
    (error: unknown) => send(reasonOf(error)),
  );
}
