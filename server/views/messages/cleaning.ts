/** Calls Clean where nobody does: once an event has been too old for as long as the interval. */
import type { Logger, Runtime } from "../../../lib/index.ts";
import type { RunningView } from "../../../lib/views/index.ts";
import { LIMITS, type MessageStore } from "../../../lib/views/messages/index.ts";

export interface CleaningOptions {
  readonly store: MessageStore;
  readonly view: Pick<RunningView, "figures">;
  readonly retentionMs: number;
  readonly intervalMs: number;
  readonly logger: Logger;
  readonly runtime: Runtime;
}

const LOOK_MS = 60_000;

/** Goes on until what it gives is called. */
export function startCleaning(options: CleaningOptions): () => void {
  const { runtime } = options;
  let timer = runtime.setTimer(LOOK_MS, look);
  let isOver = false;
  function look(): void {
    void cleanWhereDue(options).finally(() => {
      if (!isOver) timer = runtime.setTimer(LOOK_MS, look);
    });
  }
  return () => {
    isOver = true;
    timer.cancel();
  };
}

/** One process of a database does. */
async function cleanWhereDue(options: CleaningOptions): Promise<void> {
  const { store, view, retentionMs, intervalMs, logger, runtime } = options;
  if (!view.figures().isRunner) return;
  try {
    const dueMs = Math.floor(runtime.now() - retentionMs - intervalMs);
    if (!(await store.hasOlderThan(dueMs))) return;
    const count = await store.clean(AbortSignal.timeout(LIMITS.waitMs));
    logger.info({ view: "messages", count }, "events that are too old are removed");
  } catch (error) {
    logger.warn({ view: "messages", err: error }, "events that are too old cannot be removed yet");
  }
}
