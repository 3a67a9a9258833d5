/** Rounds of retention: how many rows each transaction deletes. */
import { expect, test } from "vitest";
import type { Writer } from "../../../lib/views/database/database.ts";
import { LIMITS } from "../../../lib/views/limits.ts";
import { retentionRounds } from "../../../lib/views/retention-rounds.ts";
import { within } from "../../support/deadline.ts";
import { ManualRuntime } from "../../support/manual-runtime.ts";
import { LineLogger } from "../../support/netlog-fixture.ts";
import { createCounterView } from "../../support/views/counter-view.ts";

/** Deletes `rows`, where each takes `msOfRow`; gives how many each transaction was to delete. */
async function chunksOf(rows: number, msOfRow: (left: number) => number): Promise<number[]> {
  const runtime = new ManualRuntime();
  let elapsedMs = 0;
  runtime.elapsedMs = () => elapsedMs;
  const controller = new AbortController();
  const chunks: number[] = [];
  let left = rows;
  const view = createCounterView({
    retention: {
      ageMs: 1,
      async deleteChunk(_transaction, _beforeMs, limit) {
        chunks.push(limit);
        const deleted = Math.min(limit, left);
        elapsedMs += deleted * msOfRow(left);
        left -= deleted;
        return deleted;
      },
    },
  });
  const writer: Writer = {
    lost: new Promise(() => {}),
    close: async () => {},
    transaction: (work) =>
      work({
        // It is asked for old dead letters, behind the rows.
        query: async () => {
          controller.abort();
          return [];
        },
        afterCommit: (call) => call(),
      }),
  };
  const limits = { ...LIMITS, retentionRows: 1000, retentionChunkMs: 50 };
  const options = { view, schema: view.name, writer, limits, runtime, logger: new LineLogger() };
  await within("a round", retentionRounds(options, controller.signal));
  return chunks;
}

test("deletes rows in chunks of the limit, and ends behind one that is not full", async () => {
  expect(await chunksOf(2500, () => 0)).toEqual([1000, 1000, 1000]);
  expect(await chunksOf(2000, () => 0)).toEqual([1000, 1000, 1000]);
});

test("a chunk that takes too long is followed by smaller ones, and they grow again", async () => {
  const chunks = await chunksOf(4000, (left) => (left > 2000 ? 0.15 : 0.01));
  expect(chunks).toEqual([1000, 500, 250, 250, 250, 500, 1000, 1000]);
});
