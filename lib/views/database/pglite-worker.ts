/**
 * PGlite in a thread of its own, since a statement of it holds the thread that it runs in. Bytes of PostgreSQL's protocol go
 * in and come out; pg speaks it on the other side. The thread gets the text of `runWorker`, so that it needs no file of
 * its own beside the built program.
 */
import { createRequire } from "node:module";
import { type Transferable, Worker } from "node:worker_threads";
import { DataFolderError } from "../../index.ts";

/** What the thread is given. */
interface WorkerData {
  /** Where PGlite's package is. */
  readonly pglitePath: string;
  /** The folder of its files; `undefined`: it keeps them in memory. */
  readonly folder: string | undefined;
}

/** A piece of the protocol to the thread, or from it; a text says why it cannot begin, and `true` that it has begun. */
export type WorkerMessage = Uint8Array | string | true;

/** @throws DataFolderError where the optional package is not installed. */
export function startWorker(folder: string | undefined): Worker {
  const workerData: WorkerData = { pglitePath: pathOfPglite(), folder };
  return new Worker(`(${runWorker.toString()})(require)`, {
    eval: true,
    workerData,
    stdout: true,
    stderr: true,
  });
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
  const { pglitePath, folder } = workerData as WorkerData;
  const { PGlite } = load(pglitePath) as typeof import("@electric-sql/pglite");
  const send = (message: WorkerMessage, transfer: Transferable[] = []): void =>
    parentPort?.postMessage(message, transfer);

  PGlite.create(folder === undefined ? {} : { dataDir: folder }).then(
    (database) => {
      // One piece follows the other: the other side sends the next one when this one is answered.
      parentPort?.on("message", async (piece: Uint8Array | null) => {
        if (piece === null) {
          await database.close();
          parentPort?.close();
          return;
        }
        const answer = await database.execProtocolRaw(piece);
        const copy = new Uint8Array(answer);
        send(copy, [copy.buffer]);
      });
      send(true);
    },
    (error: unknown) => send(error instanceof Error ? error.message : String(error)),
  );
}
