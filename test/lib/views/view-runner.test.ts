/** A view against a database that answers as a test says: how long it waits, what it says, and when it is well again. */
import { expect, onTestFinished, test } from "vitest";
import { nodeRuntime, type Timer } from "../../../lib/index.ts";
import type { Database, Reads, Transaction, Writer } from "../../../lib/views/database/database.ts";
import { DatabaseError } from "../../../lib/views/database/database-error.ts";
import { LIMITS } from "../../../lib/views/limits.ts";
import type { LogReader } from "../../../lib/views/reading/log-reader.ts";
import { ViewRunner } from "../../../lib/views/view-runner.ts";
import { within } from "../../support/deadline.ts";
import { LineLogger } from "../../support/netlog-fixture.ts";
import { createCounterView } from "../../support/views/counter-view.ts";

const BOUNDS = { id: "an id", start: 0, end: 4 };
const MESSAGE = {
  offset: 3,
  timestampMs: 0,
  payload: Buffer.from('{"key":"a"}'),
  key: undefined,
  contentType: undefined,
  headers: {},
};

/** The view stands at 3 of 4 messages. Its place can be moved while `isFull` is false. */
class FakeDatabase implements Database {
  readonly isShared = false;
  readonly description = "a fake";
  isFull = true;
  next = 3;

  reads(): Reads {
    return { query: async () => [], snapshot: (run) => run({ query: async () => [] }) };
  }

  async openWriter(): Promise<Writer> {
    const query = async (sql: string): Promise<object[]> => {
      if (sql.startsWith("UPDATE netlog_views.place")) {
        if (this.isFull) throw new DatabaseError("53100", "No space left on device");
        this.next += 1;
        return [{}];
      }
      return sql.startsWith("SELECT topic, topic_id")
        ? [{ topic: "events", topic_id: BOUNDS.id, next: this.next }]
        : [];
    };
    return {
      lost: new Promise(() => {}),
      close: async () => {},
      transaction: (run) => run({ query, afterCommit: (call) => call() } as Transaction),
    };
  }

  async listen(): Promise<() => Promise<void>> {
    return async () => {};
  }

  async ping(): Promise<void> {}
  async close(): Promise<void> {}
  cut(): void {}
}

const LOG: LogReader = {
  topicNames: async () => [],
  watchTopics: () => () => {},
  bounds: async () => BOUNDS,
  createTopic: async () => {},
  append: async () => ({ offset: 0 }),
  payloadsAt: async () => [],
  async read(_topic, { from, signal }) {
    if (from === MESSAGE.offset) return { kind: "messages", bounds: BOUNDS, messages: [MESSAGE] };
    return await new Promise<never>((_resolve, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason as Error));
    });
  },
};

test("a database that is full is asked less and less often, is one line, and leaves the view not ready", async () => {
  const database = new FakeDatabase();
  const logger = new LineLogger();
  const waits: number[] = [];
  const steps = LIMITS.backOffMaxMs;
  // A wait is noted, and takes no time.
  const setTimer = (ms: number, fire: () => void): Timer => {
    if (ms > steps) return nodeRuntime.setTimer(ms, fire);
    waits.push(ms);
    if (waits.length === 7) database.isFull = false;
    return nodeRuntime.setTimer(0, fire);
  };
  const runner = new ViewRunner({
    createView: () => createCounterView({ retention: undefined }),
    database,
    log: LOG,
    start: "beginning",
    limits: LIMITS,
    logger,
    runtime: { ...nodeRuntime, setTimer },
  });
  onTestFinished(() => runner.stop());
  const troubles = new Set<string | undefined>();
  runner.start();
  await within(
    "the message to be applied",
    (async () => {
      while (database.next === 3) {
        const trouble = await runner.troubleNow();
        if (waits.length > 0 && database.isFull) troubles.add(trouble);
        await new Promise((resolve) => setImmediate(resolve));
      }
    })(),
  );
  expect(waits.slice(0, 7)).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
  expect([...troubles]).toEqual(["the database cannot be used: No space left on device"]);
  await expect.poll(() => runner.troubleNow()).toBeUndefined();
  expect(logger.lines).toMatchObject([
    { level: "info", message: "the view applies messages" },
    {
      level: "error",
      fields: { reason: "No space left on device", sqlState: "53100" },
      message: "the view waits for its database: No space left on device",
    },
    { level: "info", message: "the view applies messages" },
  ]);
});
