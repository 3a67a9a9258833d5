/** A topic's loop against a log that answers as a test says; the database takes everything. */
import { expect, test } from "vitest";
import { nodeRuntime } from "../../../lib/index.ts";
import { BatchApplier } from "../../../lib/views/batch-applier.ts";
import type { SqlValue, Writer } from "../../../lib/views/database/database.ts";
import { DatabaseError, verdictOf } from "../../../lib/views/database/database-error.ts";
import { LIMITS } from "../../../lib/views/limits.ts";
import type { Place } from "../../../lib/views/places.ts";
import {
  type LogMessage,
  type LogRead,
  type LogReader,
  LogRefusal,
  LogUnavailable,
} from "../../../lib/views/reading/log-reader.ts";
import { TopicRunner } from "../../../lib/views/topic-runner.ts";
import { ViewCounts } from "../../../lib/views/view-counts.ts";
import { within } from "../../support/deadline.ts";
import { LineLogger } from "../../support/netlog-fixture.ts";
import { rejection } from "../../support/rejection.ts";
import { createCounterView } from "../../support/views/counter-view.ts";

const BOUNDS = { id: "an id", start: 0, end: 9 };
const MESSAGE: LogMessage = {
  offset: 3,
  timestampMs: 0,
  payload: Buffer.from('{"key":"a"}'),
  key: undefined,
  contentType: undefined,
  headers: {},
};
const START: Place = { topic: "events", topicId: "an id", next: 3, last: undefined };

interface Ran {
  readonly runner: TopicRunner;
  readonly counts: ViewCounts;
  readonly logger: LineLogger;
  /** What was written: SQL and parameters. */
  readonly statements: readonly (readonly [string, readonly SqlValue[]])[];
  readonly places: readonly Place[];
  /** Where each read began. */
  readonly asked: readonly number[];
  readonly ended: Promise<void>;
  /** Called by the log when it has no answer left. */
  readonly exhausted: Promise<void>;
  stop(): void;
}

function run(...answers: readonly (LogRead | Error)[]): Ran {
  return runWithin(LIMITS.lookMs, answers);
}

/** Other processes, and the log, are looked at again after `lookMs`. */
function runWithin(lookMs: number, answers: readonly (LogRead | Error)[]): Ran {
  const statements: (readonly [string, readonly SqlValue[]])[] = [];
  const places: Place[] = [];
  const asked: number[] = [];
  const left = [...answers];
  const controller = new AbortController();
  let exhaust = (): void => {};
  const exhausted = new Promise<void>((resolve) => {
    exhaust = resolve;
  });
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
  const log: LogReader = {
    topicNames: async () => [],
    watchTopics: () => () => {},
    bounds: async () => BOUNDS,
    createTopic: async () => {},
    append: async () => ({ offset: 0 }),
    payloadsAt: async () => [],
    async read(_topic, { from, signal }) {
      asked.push(from);
      const answer = left.shift();
      if (answer instanceof Error) throw answer;
      if (answer !== undefined) return answer;
      exhaust();
      return await new Promise<never>((_resolve, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason as Error));
      });
    },
  };
  const counts = new ViewCounts();
  const logger = new LineLogger();
  const limits = { ...LIMITS, backOffMs: 1, lookMs };
  const view = createCounterView();
  const runner = new TopicRunner({
    viewName: view.name,
    schema: view.name,
    topic: "events",
    place: START,
    start: "beginning",
    isFound: false,
    creates: undefined,
    batchBytes: () => limits.batchBytes,
    writer,
    applier: new BatchApplier({ view, schema: view.name, limits, runtime: nodeRuntime, channel: undefined }),
    log,
    counts,
    limits,
    logger,
    runtime: nodeRuntime,
    onPlace: (place) => places.push(place),
    onEnd: () => {},
    onMove: () => {},
  });
  const ended = runner.run(controller.signal);
  ended.catch(() => {});
  return {
    runner,
    counts,
    logger,
    statements,
    places,
    asked,
    ended,
    exhausted,
    stop: () => controller.abort(new Error("the test is over")),
  };
}

test("goes on behind damage, and leaves a dead letter and a count of what is missed", async () => {
  const ran = run({ kind: "damaged", bounds: BOUNDS, nextOffset: 7 });
  await within("the next read", ran.exhausted);
  expect(ran.asked).toEqual([3, 7]);
  expect(ran.counts.missed).toBe(4);
  expect(ran.places).toEqual([{ ...START, next: 7 }]);
  const letter = ran.statements.find(([sql]) => sql.includes("dead_letter"));
  expect(letter?.[1]).toContainEqual(["the log is damaged: messages 3 to 6 cannot be read"]);
  ran.stop();
  await within("the end", ran.ended);
});

test("stops where the log ends before the place, and names the rebuild", async () => {
  const ran = run({ kind: "beyond", bounds: { ...BOUNDS, end: 2 } });
  const error = await rejection(within("the end", ran.ended));
  expect(String(error)).toContain("events ends at 2, and messages up to 3 are applied");
  expect(String(error)).toContain("netlog view rebuild counter");
  expect(ran.statements).toEqual([]);
});

test("compares the log again behind a batch that took long, and stops where it has another message", async () => {
  const of = (offset: number, key: string): LogMessage => ({
    ...MESSAGE,
    offset,
    payload: Buffer.from(`{"key":"${key}"}`),
  });
  const found = (message: LogMessage): LogRead => ({ kind: "messages", bounds: BOUNDS, messages: [message] });
  const same = runWithin(0, [found(of(3, "a")), found(of(3, "a"))]);
  await within("the next read", same.exhausted);
  expect(same.asked).toEqual([3, 3, 4]);
  same.stop();
  await within("the end", same.ended);
  const other = runWithin(0, [found(of(3, "a")), found(of(3, "b"))]);
  const error = await rejection(within("the end", other.ended));
  expect(String(error)).toContain("message 3 of events is another one than was applied");
  expect(other.places).toMatchObject([{ next: 4 }]);
});

test("waits for a log that is away, or refuses, says so once, and goes on where it was", async () => {
  const ran = run(
    new LogUnavailable("no connection", undefined),
    new LogUnavailable("no connection", undefined),
    new LogRefusal("forbidden", undefined),
    { kind: "messages", bounds: BOUNDS, messages: [MESSAGE] },
  );
  await within("the next read", ran.exhausted);
  expect(ran.asked).toEqual([3, 3, 3, 3, 4]);
  expect(ran.counts.applied).toBe(1);
  expect(ran.runner.trouble).toBeUndefined();
  expect(ran.logger.messages("warn")).toEqual(["the log cannot be read; the view waits for it"]);
  ran.stop();
  await within("the end", ran.ended);
});

test.each([
  ["22P02", "refuse"],
  ["23505", "refuse"],
  ["54000", "refuse"],
  ["08006", "wait"],
  ["40001", "wait"],
  ["53100", "wait"],
  ["55P03", "wait"],
  ["57P01", "wait"],
  ["58030", "wait"],
  ["25006", "wait"],
  ["XX001", "wait"],
  ["42703", "stop"],
  ["3F000", "stop"],
  ["28P01", "stop"],
  ["25P02", "stop"],
  ["0A000", "stop"],
])("SQLSTATE %s means: %s", (state, verdict) => {
  expect(verdictOf(new DatabaseError(state, "a message"))).toBe(verdict);
});

test("an exception of apply's own is the fault of a message", () => {
  expect(verdictOf(new TypeError("x is undefined"))).toBe("refuse");
});
