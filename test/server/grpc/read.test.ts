/** Read and Tail. */
import { expect, onTestFinished, test } from "vitest";
import { Log, type TailResponse } from "../../../server/grpc/generated/netlog/v1/log_pb.ts";
import { LIMITS } from "../../../server/index.ts";
import { within } from "../../support/deadline.ts";
import { testToken } from "../auth/tokens-fixture.ts";
import { expectFailure, type GrpcClient, grpcForTest, texts } from "./grpc-fixture.ts";

const { publish, read, tail, createTopic, closeTopic, deleteTopic } = Log.method;
const topic = "t";

async function withTopic(...payloads: string[]) {
  const fixture = await grpcForTest();
  await fixture.grpc.call(createTopic, { topic });
  if (payloads.length > 0) await fixture.grpc.publish(topic, ...payloads);
  return fixture;
}

/** A Tail whose answers the test takes one by one. */
function openTail(
  grpc: GrpcClient,
  request: Parameters<typeof grpc.stream<typeof tail.input, typeof tail.output>>[1],
) {
  const stream = grpc.stream(tail, request);
  onTestFinished(() => stream.cancel());
  const ended = new Promise<Error | undefined>((resolve) => {
    stream.on("error", resolve);
    stream.on("end", () => resolve(undefined));
  });
  const answers = stream[Symbol.asyncIterator]() as AsyncIterator<TailResponse>;
  const next = async (): Promise<TailResponse> => (await within("an answer of Tail", answers.next())).value;
  return { stream, next, ended: within("the end of Tail", ended) };
}

test("a read gives at most what was asked for, and where to read on", async () => {
  const { grpc } = await withTopic("a", "b", "c");
  const two = await grpc.call(read, { topic, maxMessages: 2 });
  expect([texts(two.messages), two.nextOffset]).toEqual([["a", "b"], 2n]);
  const rest = await grpc.call(read, { topic, start: { case: "offset", value: two.nextOffset } });
  expect([texts(rest.messages), rest.nextOffset]).toEqual([["c"], 3n]);
  const last = await grpc.call(read, { topic, start: { case: "from", value: "last" } });
  expect(texts(last.messages)).toEqual(["c"]);
  const none = await grpc.call(read, { topic, start: { case: "from", value: "end" } });
  expect([none.messages, none.nextOffset, none.more, none.closed]).toEqual([[], 3n, false, false]);
});

test("a read has at most the bytes that were asked for, but one message always", async () => {
  const { grpc } = await withTopic("a".repeat(1000), "b".repeat(1000), "c");
  const one = await grpc.call(read, { topic, maxBytes: 10n });
  expect([one.messages.length, one.nextOffset]).toEqual([1, 1n]);
  const two = await grpc.call(read, { topic, maxBytes: 2050n });
  expect(two.messages.length).toBe(2);
});

test("a read waits for a message", async () => {
  const { grpc } = await withTopic();
  const waiting = grpc.call(read, { topic, waitMs: 60_000n });
  await grpc.call(publish, { topic, message: { payload: Buffer.from("late") } });
  expect(texts((await waiting).messages)).toEqual(["late"]);
});

test("a read by key passes other messages over", async () => {
  const { grpc } = await withTopic();
  for (const key of ["a", "b", "a"])
    await grpc.call(publish, { topic, message: { payload: Buffer.from(key), key } });
  const { messages, nextOffset } = await grpc.call(read, { topic, keys: ["b"] });
  expect([texts(messages), nextOffset]).toEqual([["b"], 3n]);
});

test("an offset that is not there, and a number that is none, are refused", async () => {
  const { grpc } = await withTopic("a");
  const beyond = grpc.call(read, { topic, start: { case: "offset", value: 9n } });
  await expectFailure(beyond, "OUT_OF_RANGE", "offset_not_found");
  const negative = grpc.call(read, { topic, start: { case: "offset", value: -1n } });
  await expectFailure(negative, "INVALID_ARGUMENT", "bad_request");
  const huge = grpc.call(read, { topic, waitMs: 2n ** 62n });
  await expectFailure(huge, "INVALID_ARGUMENT", "bad_request");
  const word = grpc.call(read, { topic, start: { case: "from", value: "nowhere" } });
  await expectFailure(word, "INVALID_ARGUMENT", "bad_request");
});

test("a tail gives what is there, then what comes, and resumes where the last answer says", async () => {
  const { grpc } = await withTopic("a", "b");
  const first = openTail(grpc, { topic });
  const there = await first.next();
  expect([texts(there.messages), there.nextOffset]).toEqual([["a", "b"], 2n]);
  await grpc.publish(topic, "c");
  expect(texts((await first.next()).messages)).toEqual(["c"]);
  first.stream.cancel();
  const again = openTail(grpc, { topic, start: { case: "offset", value: there.nextOffset } });
  expect(texts((await again.next()).messages)).toEqual(["c"]);
});

test("a tail in batches brings each message once, in order", async () => {
  const payloads = Array.from({ length: 1000 }, (_, i) => String(i));
  const { grpc } = await withTopic(...payloads);
  const { next } = openTail(grpc, { topic, maxMessages: 300 });
  const got: string[] = [];
  const sizes: number[] = [];
  while (got.length < payloads.length) {
    const { messages } = await next();
    sizes.push(messages.length);
    got.push(...texts(messages));
  }
  expect(got).toEqual(payloads);
  expect(sizes).toEqual([300, 300, 300, 100]);
});

test("a quiet tail says that it is alive, and where it is", async () => {
  const { grpc, runtime } = await withTopic("a");
  const { next } = openTail(grpc, { topic });
  await next();
  await expect.poll(() => runtime.timerCount).toBeGreaterThan(0);
  await runtime.advance(LIMITS.heartbeatMs);
  const beat = await next();
  expect([beat.messages, beat.nextOffset]).toEqual([[], 1n]);
});

test("a tail that finds no message of its keys for long says that it is alive, and where it is", async () => {
  const limits = { keySearchBytes: 1, readAheadBytes: 1 };
  const { grpc, runtime, netlog } = await grpcForTest({ limits });
  await grpc.call(createTopic, { topic });
  for (const text of "abcdefgh") await grpc.publish(topic, text);
  const open = netlog.topic(topic).openCursor.bind(netlog.topic(topic));
  netlog.topic(topic).openCursor = (keys) => {
    const cursor = open(keys);
    const read = cursor.readMessages.bind(cursor);
    // Each look takes a while of the clock.
    cursor.readMessages = async (...given) => {
      await runtime.advance(LIMITS.heartbeatMs / 2);
      return await read(...given);
    };
    return cursor;
  };
  const { next } = openTail(grpc, { topic, keys: ["none"] });
  const beat = await next();
  expect(beat.messages).toEqual([]);
  expect(Number(beat.nextOffset)).toBeGreaterThan(0);
  expect(Number(beat.nextOffset)).toBeLessThan(8);
});

test("a tail whose token ends is UNAUTHENTICATED at its next heartbeat", async () => {
  const token = testToken(["*"], ["read", "write", "admin"]);
  const { grpc, server, runtime } = await grpcForTest({ server: { tokens: [token.record] } });
  await grpc.call(createTopic, { topic }, { token: token.token });
  const stream = grpc.stream(tail, { topic }, { token: token.token });
  const ended = new Promise<void>((_resolve, reject) => stream.on("error", reject));
  const failure = expectFailure(within("the end", ended), "UNAUTHENTICATED", "unauthorized");
  stream.on("data", () => {});
  await expect.poll(() => runtime.timerCount).toBeGreaterThan(0);
  server.replaceTokens([]);
  await runtime.advance(LIMITS.heartbeatMs);
  await runtime.advance(LIMITS.heartbeatMs);
  await failure;
});

test("a tail ends with OK at the end of a closed topic", async () => {
  const { grpc } = await withTopic("a");
  const { next, ended } = openTail(grpc, { topic });
  await next();
  await grpc.call(closeTopic, { topic });
  const last = await next();
  expect([last.closed, last.nextOffset]).toEqual([true, 1n]);
  await next();
  expect(await ended).toBeUndefined();
});

test("a tail ends when its topic is deleted", async () => {
  const { grpc } = await withTopic("a");
  const { next, ended } = openTail(grpc, { topic });
  await next();
  await grpc.call(deleteTopic, { topic });
  next().catch(() => {});
  await expectFailure(
    ended.then((error) => Promise.reject(error)),
    "NOT_FOUND",
    "topic_not_found",
  );
});
