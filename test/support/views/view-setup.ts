/** A server, a view of it, and what the suite of all views does to both. */
import { onTestFinished } from "vitest";
import { nodeRuntime, type Topic } from "../../../lib/index.ts";
import type { Database } from "../../../lib/views/database/database.ts";
import { LIMITS, type Limits } from "../../../lib/views/limits.ts";
import { HttpLogReader } from "../../../lib/views/reading/http-log-reader.ts";
import { LocalLogReader } from "../../../lib/views/reading/local-log-reader.ts";
import type { LogReader } from "../../../lib/views/reading/log-reader.ts";
import { ViewRunner, type ViewRunnerOptions } from "../../../lib/views/view-runner.ts";
import { type ServerFixture, serverForTest } from "../../server/server-fixture.ts";
import { within } from "../deadline.ts";
import { LineLogger } from "../netlog-fixture.ts";
import type { TestDatabase } from "./databases.ts";
import type { ViewSubject } from "./subject.ts";

export type OpenReader = (fixture: ServerFixture) => LogReader;

export const READERS: Readonly<Record<"in process" | "over HTTP", OpenReader>> = {
  "in process": ({ netlog }) => new LocalLogReader(netlog),
  "over HTTP": ({ server }) => new HttpLogReader(server.url, { token: undefined }),
};

/** Waits that would be seconds are moments. */
export const QUICK: Limits = {
  ...LIMITS,
  findMs: 20,
  missingMs: 20,
  lookMs: 20,
  backOffMs: 5,
  backOffMaxMs: 50,
  batchMessages: 20,
};
/** Nobody aborts it. */
export const SIGNAL: AbortSignal = new AbortController().signal;

export interface Setup {
  readonly fixture: ServerFixture;
  readonly log: LogReader;
  readonly database: Database;
  readonly logger: LineLogger;
  /** A runner that has begun, and is stopped with the test. */
  run(overrides?: Partial<ViewRunnerOptions>): ViewRunner;
  /** Publishes good messages, the first of this number. */
  publish(count: number, from?: number): Promise<void>;
  publishText(text: string): Promise<number>;
  topic(): Topic;
  fingerprint(): Promise<unknown>;
}

export async function setUp(
  subject: ViewSubject,
  { database }: Pick<TestDatabase, "database">,
  openReader: OpenReader,
  { isMade = true, settings = {} }: { readonly isMade?: boolean; readonly settings?: object } = {},
): Promise<Setup> {
  const fixture = await serverForTest();
  const { netlog } = fixture;
  if (isMade) await netlog.createTopic(subject.topic, settings);
  const log = openReader(fixture);
  const logger = new LineLogger();
  const topic = (): Topic => netlog.topic(subject.topic);
  const publishText = async (text: string): Promise<number> =>
    (await topic().publish({ payload: Buffer.from(text) })).offset;
  return {
    fixture,
    log,
    database,
    logger,
    topic,
    publishText,
    run(overrides = {}) {
      const runner = new ViewRunner({
        createView: () => subject.createView(),
        database,
        log,
        start: "beginning",
        limits: QUICK,
        logger,
        // Its wall clock is the log's, since rows age by it; its timers are real ones.
        runtime: { ...nodeRuntime, now: () => fixture.runtime.now() },
        ...overrides,
      });
      onTestFinished(() => runner.stop());
      runner.start();
      return runner;
    },
    async publish(count, from = 0) {
      const numbers = Array.from({ length: count }, (_, index) => from + index);
      await Promise.all(numbers.map((number) => publishText(subject.payload(number))));
    },
    fingerprint: () => subject.fingerprint(database.reads(subject.createView().name)),
  };
}

export async function appliedTo(runner: ViewRunner, topic: string, offset: number): Promise<void> {
  await within(`message ${offset} to be applied`, runner.applied(topic, offset, SIGNAL));
}
