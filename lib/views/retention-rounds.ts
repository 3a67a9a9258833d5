/** Deletes old rows of a view, and old dead letters, in short transactions, round after round. */
import type { Logger, Runtime } from "../index.ts";
import type { Transaction, Writer } from "./database/database.ts";
import { verdictOf } from "./database/database-error.ts";
import { deleteOldLetters } from "./dead-letters.ts";
import type { Limits } from "./limits.ts";
import { pause } from "./patience.ts";
import type { View } from "./view.ts";

export interface RetentionOptions {
  readonly view: View<unknown>;
  readonly schema: string;
  readonly writer: Writer;
  readonly limits: Limits;
  readonly runtime: Runtime;
  readonly logger: Logger;
}

/** Ends when the signal is aborted, behind the transaction in hand. @throws DatabaseError. */
export async function retentionRounds(options: RetentionOptions, signal: AbortSignal): Promise<void> {
  const { limits, runtime, logger, view } = options;
  while (!signal.aborted) {
    try {
      await retentionRound(options, signal);
    } catch (error) {
      if (verdictOf(error) !== "refuse") throw error;
      logger.error({ view: view.name, err: error }, "old rows of the view cannot be deleted");
    }
    await pause(runtime, limits.retentionMs, signal);
  }
}

async function retentionRound(options: RetentionOptions, signal: AbortSignal): Promise<void> {
  const { view, schema, limits, runtime } = options;
  const { retention } = view;
  const ageMs = retention?.ageMs ?? Number.POSITIVE_INFINITY;
  const beforeMs = Number.isFinite(ageMs) ? runtime.now() - ageMs : 0;
  if (retention !== undefined && Number.isFinite(ageMs)) {
    await deleteAll(options, signal, (transaction, limit) =>
      retention.deleteChunk(transaction, beforeMs, limit),
    );
  }
  await deleteAll(options, signal, (transaction, limit) =>
    deleteOldLetters(transaction, schema, { beforeMs, keep: limits.deadLetters, limit }),
  );
}

/**
 * Deletes chunk after chunk. Batches, and in the same process reads, take turns with them, so that a chunk which takes too
 * long is followed by one of half the rows, and a quick one by one of twice as many.
 */
async function deleteAll(
  { writer, limits, runtime }: RetentionOptions,
  signal: AbortSignal,
  deleteChunk: (transaction: Transaction, limit: number) => Promise<number>,
): Promise<void> {
  const { retentionRows, retentionChunkMs } = limits;
  let limit = retentionRows;
  let isDone = false;
  while (!(isDone || signal.aborted)) {
    await writer.transaction(async (transaction) => {
      const startedMs = runtime.elapsedMs();
      isDone = (await deleteChunk(transaction, limit)) < limit;
      const tookMs = runtime.elapsedMs() - startedMs;
      if (tookMs > retentionChunkMs) limit = Math.ceil(limit / 2);
      else if (tookMs < retentionChunkMs / 2) limit = Math.min(2 * limit, retentionRows);
    });
  }
}
