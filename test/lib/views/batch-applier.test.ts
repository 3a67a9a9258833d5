/** A batch on its way to the database: how it is decoded. */
import { expect, test } from "vitest";
import { PIECE_WORK_BYTES } from "../../../lib/index.ts";
import { BatchApplier } from "../../../lib/views/batch-applier.ts";
import type { Writer } from "../../../lib/views/database/database.ts";
import { LIMITS } from "../../../lib/views/limits.ts";
import { createCounterView } from "../../support/views/counter-view.ts";

test("gives the event loop back between pieces of a long batch", async () => {
  const steps: string[] = [];
  const view = createCounterView({
    decode: () => {
      steps.push("decoded");
      return "a key";
    },
    apply: async () => {},
  });
  const runtime = { pause: async () => void steps.push("pause") };
  const writer: Writer = {
    lost: new Promise(() => {}),
    close: async () => {},
    transaction: (work) =>
      work({ query: async <Result>() => [{}] as Result[], afterCommit: (call) => call() }),
  };
  const payload = new Uint8Array(PIECE_WORK_BYTES / 2);
  const message = { timestampMs: 0, payload, key: undefined, contentType: undefined, headers: {} };
  const applier = new BatchApplier({ view, schema: view.name, limits: LIMITS, runtime, channel: undefined });
  const place = { topic: "events", topicId: "an id", next: 0, last: undefined };
  await applier.apply(
    writer,
    place,
    [0, 1, 2].map((offset) => ({ ...message, offset })),
  );
  expect(steps).toEqual(["decoded", "decoded", "pause", "decoded"]);
});
