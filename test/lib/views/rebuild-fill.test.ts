/** What a rebuild does where the log has no more what it had when the rebuild began; the database takes everything. */
import { expect, test } from "vitest";
import { nodeRuntime } from "../../../lib/index.ts";
import type { SqlValue, Writer } from "../../../lib/views/database/database.ts";
import { LIMITS } from "../../../lib/views/limits.ts";
import type { LogRead, LogReader } from "../../../lib/views/reading/log-reader.ts";
import { Fill } from "../../../lib/views/rebuild-fill.ts";
import { ViewStopped } from "../../../lib/views/view-stopped.ts";
import { ViewTopics } from "../../../lib/views/view-topics.ts";
import { LineLogger } from "../../support/netlog-fixture.ts";
import { rejection } from "../../support/rejection.ts";
import { createCounterView } from "../../support/views/counter-view.ts";
import { SIGNAL } from "../../support/views/view-setup.ts";

const PART = { topic: "events", id: "an id", start: 3, end: 9 };
const BOUNDS = { id: "an id", start: 3, end: 9 };
const NOTHING: LogRead = { kind: "messages", bounds: BOUNDS, messages: [] };

interface Filled {
  readonly fill: Fill;
  readonly logger: LineLogger;
  readonly statements: readonly (readonly [string, readonly SqlValue[]])[];
  /** Topic and offset of each read. */
  readonly asked: readonly string[];
}

/** A fill whose log answers the reads so, one after the other, and then has nothing more. */
function fillFrom(mayLose: boolean, ...answers: readonly LogRead[]): Filled {
  const statements: (readonly [string, readonly SqlValue[]])[] = [];
  const asked: string[] = [];
  const left = [...answers];
  const writer: Writer = {
    lost: new Promise(() => {}),
    close: async () => {},
    transaction: (work) =>
      work({
        query: async <Result>(sql: string, parameters: readonly SqlValue[] = []) => {
          statements.push([sql, parameters]);
          return [{}] as Result[];
        },
        afterCommit: (call) => call(),
      }),
  };
  const log = {
    topicNames: async () => ["events", "supermq.new"],
    bounds: async () => ({ id: "another id", start: 5, end: 5 }),
    read: async (topic: string, { from }: { from: number }) => {
      asked.push(`${topic} ${from}`);
      if (topic === "events") return left.shift() ?? NOTHING;
      return { kind: "messages", bounds: { id: "another id", start: 5, end: 5 }, messages: [] };
    },
  } as unknown as LogReader;
  const logger = new LineLogger();
  const view = createCounterView({ topics: ["events", "supermq.*"] });
  const fill = new Fill({
    view,
    topics: new ViewTopics(view.topics),
    schema: "counter_rebuild",
    writer,
    parts: [PART],
    mayLose,
    log,
    limits: LIMITS,
    logger,
    runtime: nodeRuntime,
    onProgress: () => {},
    signal: SIGNAL,
  });
  return { fill, logger, statements, asked };
}

const GONE: readonly (readonly [string, LogRead, number])[] = [
  ["retention dropped them", { kind: "dropped", bounds: { ...BOUNDS, start: 7 } }, 4],
  ["they are damaged in the log", { kind: "damaged", bounds: BOUNDS, nextOffset: 5 }, 2],
  ["the topic was deleted", { kind: "missing" }, 0],
];

test.each(GONE)("stops where rows would be lost because %s", async (why, answer) => {
  const { fill } = fillFrom(false, answer);
  const error = await rejection(fill.toEnd());
  expect(error).toBeInstanceOf(ViewStopped);
  expect(String(error)).toContain(why);
  expect(String(error)).toContain("nothing is changed; --forget-older goes on all the same");
});

test.each(GONE)("goes on where it may forget, counts and logs that %s", async (why, answer, count) => {
  const { fill, logger, asked } = fillFrom(true, answer);
  await fill.toEnd();
  expect(fill.missed).toBe(count);
  expect(logger.messages("error")).toEqual([`the rebuild misses messages: ${why}`]);
  expect(asked.at(1)).toBe(count === 0 ? "supermq.new 5" : `events ${3 + count}`);
});

test("leaves a dead letter of what is damaged", async () => {
  const { fill, statements } = fillFrom(true, { kind: "damaged", bounds: BOUNDS, nextOffset: 5 });
  await fill.toEnd();
  const letter = statements.find(([sql]) => sql.includes("INSERT INTO netlog_views.dead_letter"));
  expect(letter?.[1]).toContainEqual(["the log is damaged: messages 3 to 4 cannot be read"]);
});

test.each([
  ["became another topic", { ...NOTHING, bounds: { ...BOUNDS, id: "another id" } }],
  ["lost its last messages", { kind: "beyond", bounds: { ...BOUNDS, end: 2 } } as const],
])("begins nothing new where the topic %s, whatever it may forget", async (what, answer) => {
  const { fill } = fillFrom(true, answer);
  expect(String(await rejection(fill.toEnd()))).toContain(`events ${what} while it was read`);
});

test("reads a topic that came meanwhile from its beginning, and the others from where they were compared", async () => {
  const { fill, asked } = fillFrom(false);
  await fill.toEnd();
  await fill.toEnd();
  expect(asked).toEqual(["events 3", "supermq.new 5", "events 3", "supermq.new 5"]);
});
