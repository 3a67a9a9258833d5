/** Deletes old rows of a view, and old dead letters, in short transactions, round after round. */
import type { Logger, Runtime } from "../index.ts";
import type { Writer } from "./database/database.ts";
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
  const { view, schema, writer, limits, runtime } = options;
  const { retention } = view;
  const ageMs = retention?.ageMs ?? Number.POSITIVE_INFINITY;
  const beforeMs = Number.isFinite(ageMs) ? runtime.now() - ageMs : 0;
  const limit = limits.retentionRows;
  const deleteAll = async (chunk: () => Promise<number>): Promise<void> => {
    while (!signal.aborted && (await chunk()) >= limit);
  };
  if (retention !== undefined && Number.isFinite(ageMs)) {
    await deleteAll(() =>
      writer.transaction((transaction) => retention.deleteChunk(transaction, beforeMs, limit)),
    );
  }
  const terms = { beforeMs, keep: limits.deadLetters, limit };
  await deleteAll(() => writer.transaction((transaction) => deleteOldLetters(transaction, schema, terms)));
}
