/** Publish and PublishBatch. */
import { expect, test } from "vitest";
import { Durability, Log } from "../../../server/grpc/generated/netlog/v1/log_pb.ts";
import { expectFailure, grpcForTest, texts, trailer } from "./grpc-fixture.ts";

const { publish, publishBatch, read, createTopic } = Log.method;

test("a published message is there for HTTP, with its key, type and headers", async () => {
  const { grpc, api } = await grpcForTest();
  await grpc.call(createTopic, { topic: "t" });
  const message = {
    payload: Buffer.from("hello"),
    key: "ключ",
    contentType: "text/plain",
    headers: { "x-meta-a": "1", traceparent: "00-1" },
  };
  const answer = await grpc.call(publish, { topic: "t", message });
  expect([answer.offset, answer.durability, answer.duplicate]).toEqual([0n, Durability.SYNCED, false]);
  const got = await api.get("/t/payload/0");
  expect([got.text, got.headers["x-meta-a"], got.headers["content-type"]]).toEqual([
    "hello",
    "1",
    "text/plain",
  ]);
  const { messages } = await grpc.call(read, { topic: "t" });
  expect(messages[0]).toMatchObject({ key: "ключ", contentType: "text/plain", headers: message.headers });
  expect(messages[0]!.crc32).toBe(Number(got.headers["x-crc32"]));
});
