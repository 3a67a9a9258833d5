/** Publish and PublishBatch. */
import { expect, test } from "vitest";
import { Durability, Log } from "../../../server/grpc/generated/netlog/v1/log_pb.ts";
import { expectFailure, grpcForTest, texts, trailer } from "./grpc-fixture.ts";

const { publish, publishBatch, read, createTopic, closeTopic } = Log.method;
const topic = "t";

async function withTopic() {
  const fixture = await grpcForTest();
  await fixture.grpc.call(createTopic, { topic });
  return fixture;
}

function text(payload: string) {
  return { payload: Buffer.from(payload) };
}

test("a published message is there for HTTP, with its key, type and headers", async () => {
  const { grpc, api } = await withTopic();
  const message = {
    ...text("hello"),
    key: "ключ",
    contentType: "text/plain",
    headers: { "x-meta-a": "1", traceparent: "00-1" },
  };
  const answer = await grpc.call(publish, { topic, message });
  expect([answer.offset, answer.durability, answer.duplicate]).toEqual([0n, Durability.SYNCED, false]);
  const got = await api.get("/t/payload/0");
  expect([got.text, got.headers["x-meta-a"], got.headers["content-type"]]).toEqual([
    "hello",
    "1",
    "text/plain",
  ]);
  const { messages } = await grpc.call(read, { topic });
  expect(messages[0]).toMatchObject({ key: "ключ", contentType: "text/plain", headers: message.headers });
  expect(messages[0]!.crc32).toBe(Number(got.headers["x-crc32"]));
});

test("a batch is stored together, and a batch with one bad message is not stored", async () => {
  const { grpc } = await withTopic();
  expect(await grpc.publish(topic, "a", "b", "c")).toBe(0);
  const bad = { topic, messages: [text("d"), { ...text("e"), headers: { Host: "x" } }] };
  const error = await expectFailure(grpc.call(publishBatch, bad), "INVALID_ARGUMENT", "bad_request");
  expect(error.details).toContain("message 1: ");
  await expectFailure(grpc.call(publishBatch, { topic }), "INVALID_ARGUMENT", "bad_request");
  const { messages } = await grpc.call(read, { topic });
  expect(texts(messages)).toEqual(["a", "b", "c"]);
});

test("an answer says what durability was reached", async () => {
  const { grpc } = await withTopic();
  const terms = { durability: Durability.WRITTEN };
  const answer = await grpc.call(publish, { topic, message: text("a"), terms });
  expect(answer.durability).toBe(Durability.WRITTEN);
  const wrong = { durability: 9 as Durability };
  await expectFailure(
    grpc.call(publish, { topic, message: text("a"), terms: wrong }),
    "INVALID_ARGUMENT",
    "bad_request",
  );
});

test("an idempotency key is the same key over HTTP, and another message under it is refused", async () => {
  const { grpc, api } = await withTopic();
  const headers = { "idempotency-key": "k" };
  expect((await api.post("/t/payload", "a", { headers })).status).toBe(201);
  const terms = { idempotencyKey: "k" };
  const again = await grpc.call(publish, { topic, message: text("a"), terms });
  expect([again.offset, again.duplicate]).toEqual([0n, true]);
  const other = grpc.call(publish, { topic, message: text("b"), terms });
  await expectFailure(other, "FAILED_PRECONDITION", "idempotency_mismatch");
});

test("a batch under an idempotency key is stored once", async () => {
  const { grpc } = await withTopic();
  const request = { topic, messages: [text("a"), text("b")], terms: { idempotencyKey: "k" } };
  await grpc.call(publishBatch, request);
  const again = await grpc.call(publishBatch, request);
  expect([again.offset, again.count, again.duplicate]).toEqual([0n, 2, true]);
  const other = grpc.call(publishBatch, { ...request, messages: [text("ab")] });
  await expectFailure(other, "FAILED_PRECONDITION", "idempotency_mismatch");
});

test("an expected offset that is not the next one stores nothing, and the trailers name the next one", async () => {
  const { grpc } = await withTopic();
  await grpc.publish(topic, "a");
  const call = grpc.call(publish, { topic, message: text("b"), terms: { expectedOffset: 5n } });
  const error = await expectFailure(call, "ABORTED", "offset_mismatch");
  expect(trailer(error, "x-next-offset")).toBe("1");
  const fits = await grpc.call(publish, { topic, message: text("b"), terms: { expectedOffset: 1n } });
  expect(fits.offset).toBe(1n);
});

test("a producer's gap, duplicate and older epoch are what they are over HTTP", async () => {
  const { grpc } = await withTopic();
  const append = (epoch: bigint, seq: bigint) =>
    grpc.call(publish, { topic, message: text("a"), terms: { producer: { id: "p", epoch, seq } } });
  await append(1n, 0n);
  expect((await append(1n, 0n)).duplicate).toBe(true);
  const gap = await expectFailure(append(1n, 5n), "ABORTED", "producer_gap");
  expect(trailer(gap, "producer-expected-seq")).toBe("1");
  const old = await expectFailure(append(0n, 0n), "PERMISSION_DENIED", "producer_fenced");
  expect(trailer(old, "producer-epoch")).toBe("1");
});

test("the last message can close the topic", async () => {
  const { grpc } = await withTopic();
  await grpc.call(publish, { topic, message: text("a"), terms: { close: true } });
  await expectFailure(
    grpc.call(publish, { topic, message: text("b") }),
    "FAILED_PRECONDITION",
    "topic_closed",
  );
  expect((await grpc.call(closeTopic, { topic })).nextOffset).toBe(1n);
  expect((await grpc.call(read, { topic, start: { case: "offset", value: 1n } })).closed).toBe(true);
});

test("a missing message, an empty one, and a missing topic are refused", async () => {
  const { grpc } = await withTopic();
  await expectFailure(grpc.call(publish, { topic }), "INVALID_ARGUMENT", "bad_request");
  await expectFailure(grpc.call(publish, { topic, message: text("") }), "INVALID_ARGUMENT", "bad_request");
  const missing = grpc.call(publish, { topic: "none", message: text("a") });
  expect((await expectFailure(missing, "NOT_FOUND", "topic_not_found")).details).toContain("CreateTopic");
});
