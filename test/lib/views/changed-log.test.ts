/**
 * A view over HTTP whose log changes under it: it starts again, refuses the token, is another one, or is set back to an older
 * copy. Nothing wrong is applied in silence.
 */
import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, onTestFinished, test } from "vitest";
import { type Netlog, nodeDisk, nodeRuntime } from "../../../lib/index.ts";
import { HttpLogReader } from "../../../lib/views/reading/http-log-reader.ts";
import { ViewRunner } from "../../../lib/views/view-runner.ts";
import { type RunningServer, type ServerOptions, startServer } from "../../../server/index.ts";
import { testToken } from "../../server/auth/tokens-fixture.ts";
import { LineLogger, openNetlog } from "../../support/netlog-fixture.ts";
import { rejection } from "../../support/rejection.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { counterSubject, createCounterView } from "../../support/views/counter-view.ts";
import { EITHER_DATABASE, type TestDatabase } from "../../support/views/databases.ts";
import { appliedTo, QUICK, SIGNAL } from "../../support/views/view-setup.ts";

const TOPIC = counterSubject.topic;

let opened: TestDatabase;
beforeAll(async () => {
  opened = await EITHER_DATABASE.open();
});
afterEach(() => opened.clear());
afterAll(() => opened.close());

interface ServedLog {
  readonly netlog: Netlog;
  readonly server: RunningServer;
  /** Good messages, the first of this number. */
  publish(count: number, from: number): Promise<void>;
  stop(): Promise<void>;
}

/** The log in `folder`, on this port. */
async function serveLog(
  folder: string,
  port = 0,
  { isOther = false, ...options }: Partial<ServerOptions> & { readonly isOther?: boolean } = {},
): Promise<ServedLog> {
  const { netlog, logger } = await openNetlog({ folder, seen: () => nodeDisk });
  // Ids of topics follow from how many were made.
  if (isOther) await netlog.createTopic("first");
  if (!netlog.topicNames().includes(TOPIC)) await netlog.createTopic(TOPIC);
  const server = await startServer({ netlog, host: "127.0.0.1", port, logger, ...options });
  let isStopped = false;
  const stop = async (): Promise<void> => {
    if (isStopped) return;
    isStopped = true;
    netlog.beginShutdown();
    await server.stop({ graceMs: 0 });
    await netlog.close();
  };
  onTestFinished(stop);
  return {
    netlog,
    server,
    stop,
    async publish(count, from) {
      for (let number = from; number < from + count; number += 1)
        await netlog.topic(TOPIC).publish({ payload: Buffer.from(counterSubject.payload(number)) });
    },
  };
}

interface Watched {
  readonly runner: ViewRunner;
  readonly logger: LineLogger;
  rows(): Promise<number | undefined>;
}

/** Its rows never grow old: the log's clock stands still. */
function runView({ url }: RunningServer, token?: string): Watched {
  const logger = new LineLogger();
  const runner = new ViewRunner({
    createView: () => createCounterView({ retention: undefined }),
    database: opened.database,
    log: new HttpLogReader(url, { token: token === undefined ? undefined : () => Promise.resolve(token) }),
    start: "beginning",
    limits: { ...QUICK, waitMs: 50 },
    logger,
    runtime: nodeRuntime,
  });
  onTestFinished(() => runner.stop());
  runner.start();
  return { runner, logger, rows: async () => (await runner.status()).rows };
}

test("a log that starts again is waited for, and read on where it was", async () => {
  const folder = temporaryFolder();
  const first = await serveLog(folder);
  await first.publish(5, 0);
  const { runner, logger, rows } = runView(first.server);
  await appliedTo(runner, TOPIC, 4);
  await first.stop();
  await expect.poll(() => runner.troubleNow()).toContain("the log cannot be read");
  const second = await serveLog(folder, first.server.port);
  await second.publish(5, 5);
  await appliedTo(runner, TOPIC, 9);
  expect(await rows()).toBe(10);
  expect(await runner.troubleNow()).toBeUndefined();
  expect(logger.messages("error")).toEqual([]);
});

test("a token that is taken away leaves the view not ready, and nothing is skipped until it is given back", async () => {
  const own = testToken([TOPIC], ["read"]);
  const others = testToken(["*"], ["admin"]);
  const { server, publish } = await serveLog(temporaryFolder(), 0, { tokens: [own.record, others.record] });
  await publish(5, 0);
  const { runner, rows } = runView(server, own.token);
  await appliedTo(runner, TOPIC, 4);
  server.replaceTokens([others.record]);
  await expect.poll(() => runner.troubleNow()).toContain("the log cannot be read");
  await publish(5, 5);
  expect(await rows()).toBe(5);
  server.replaceTokens([own.record, others.record]);
  await appliedTo(runner, TOPIC, 9);
  expect(await rows()).toBe(10);
});

test("another log is begun at its beginning, loudly; the former one is read on where it was when it comes back", async () => {
  const folder = temporaryFolder();
  const own = await serveLog(folder);
  const { port } = own.server;
  await own.publish(5, 0);
  const { runner, logger, rows } = runView(own.server);
  await appliedTo(runner, TOPIC, 4);
  await own.stop();
  const other = await serveLog(temporaryFolder(), port, { isOther: true });
  await other.publish(3, 0);
  await expect.poll(rows).toBe(8);
  await other.stop();
  const back = await serveLog(folder, port);
  await back.publish(2, 5);
  await expect.poll(rows).toBe(10);
  expect(logger.messages("error")).toEqual([
    "there is another topic of this name: the view begins with it, and keeps its rows",
    "there is another topic of this name: the view read it before, and goes on where it was",
  ]);
  expect(await runner.status()).toMatchObject({ deadLetters: 0, topics: [{ next: 7, lagMessages: 0 }] });
});

test.each([
  ["is shorter than it was", 0, "events ends at 5, and messages up to 8 are applied"],
  ["has other messages by now", 5, "message 7 of events is another one than was applied"],
])(
  "a log that was set back to an older copy, and %s, stops the view until a rebuild",
  async (_, more, why) => {
    const folder = temporaryFolder();
    const copy = join(temporaryFolder(), "copy");
    const before = await serveLog(folder);
    await before.publish(5, 0);
    await before.stop();
    cpSync(folder, copy, { recursive: true, filter: (path) => !path.endsWith(".lock") });
    const now = await serveLog(folder, before.server.port);
    await now.publish(3, 5);
    const { runner, rows } = runView(now.server);
    await appliedTo(runner, TOPIC, 7);
    await now.stop();
    rmSync(folder, { recursive: true });
    cpSync(copy, folder, { recursive: true });
    const restored = await openNetlog({ folder, seen: () => nodeDisk });
    for (let number = 0; number < more; number += 1)
      await restored.netlog.topic(TOPIC).publish({ payload: Buffer.from('{"key":"later"}') });
    await restored.netlog.close();
    const set = await serveLog(folder, before.server.port);
    await expect.poll(() => runner.troubleNow()).toContain(why);
    expect(await runner.troubleNow()).toContain("netlog view rebuild counter");
    expect(await rows()).toBe(8);
    const request = { onProgress: () => {}, signal: SIGNAL };
    if (more === 0) {
      const refusal = await rejection(runner.rebuild({ ...request, forgetsOlder: false }));
      expect(String(refusal)).toContain("would lose the rows of 3 messages, which the log has no more");
      expect(await rows()).toBe(8);
    }
    await runner.rebuild({ ...request, forgetsOlder: more === 0 });
    await set.publish(1, 9);
    await appliedTo(runner, TOPIC, 5 + more);
    expect(await rows()).toBe(6 + more);
  },
);
