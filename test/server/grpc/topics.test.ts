/** Topics and their settings, and who may do what. */
import { expect, test } from "vitest";
import { SETTING_NAMES } from "../../../lib/index.ts";
import {
  Compression,
  Durability,
  Log,
  TopicSettingsSchema,
} from "../../../server/grpc/generated/netlog/v1/log_pb.ts";
import { testToken } from "../auth/tokens-fixture.ts";
import { expectFailure, grpcForTest, trailer } from "./grpc-fixture.ts";

const { createTopic, getTopic, listTopics, updateTopic, deleteTopic, syncTopic } = Log.method;
const { publish, read, createScanner, scan } = Log.method;

test("there is a field for each setting of a topic", () => {
  expect(TopicSettingsSchema.fields.map(({ name }) => name)).toEqual(SETTING_NAMES);
});

test("a topic is created with its settings, described, changed and deleted", async () => {
  const { grpc, api } = await grpcForTest();
  const settings = {
    segmentAge: "7day",
    segmentSize: 4096n,
    compressionType: Compression.GZIP,
    durability: Durability.WRITTEN,
    contentType: "text/plain",
  };
  const made = await grpc.call(createTopic, { topic: "t", settings });
  expect(made.topic).toMatchObject({ name: "t", firstOffset: 0n, nextOffset: 0n, closed: false, settings });
  expect((await api.get("/t")).json).toMatchObject({
    id: made.topic!.id,
    settings: { segment_age: "7day", segment_size: 4096, compression_type: 2, durability: "written" },
  });
  const change = { durability: Durability.SYNCED, segmentSize: 0n };
  const changed = await grpc.call(updateTopic, { topic: "t", settings: change });
  expect(changed.topic!.settings).toMatchObject({
    segmentAge: "7day",
    segmentSize: 1_073_741_824n,
    durability: Durability.SYNCED,
  });
  await grpc.publish("t", "a");
  await grpc.call(syncTopic, { topic: "t" });
  expect((await grpc.call(getTopic, { topic: "t" })).topic).toMatchObject({ nextOffset: 1n, segments: 1 });
  await grpc.call(createScanner, { topic: "t" });
  await expectFailure(grpc.call(deleteTopic, { topic: "t" }), "FAILED_PRECONDITION", "resource_busy");
  await grpc.call(deleteTopic, { topic: "t", force: true });
  await expectFailure(grpc.call(getTopic, { topic: "t" }), "NOT_FOUND", "topic_not_found");
});

test("a wrong name, a wrong setting, and a topic that is there are refused", async () => {
  const { grpc } = await grpcForTest();
  await expectFailure(grpc.call(createTopic, { topic: "-" }), "INVALID_ARGUMENT", "invalid_topic_name");
  const small = grpc.call(createTopic, { topic: "t", settings: { segmentSize: 1n } });
  await expectFailure(small, "INVALID_ARGUMENT", "bad_request");
  await grpc.call(createTopic, { topic: "t" });
  await expectFailure(grpc.call(createTopic, { topic: "t" }), "ALREADY_EXISTS", "topic_exists");
  await expectFailure(grpc.call(updateTopic, { topic: "t" }), "INVALID_ARGUMENT", "bad_request");
});

test("topics are listed by name, a page at a time", async () => {
  const { grpc } = await grpcForTest();
  for (const topic of ["b", "a.2", "a.1"]) await grpc.call(createTopic, { topic });
  const first = await grpc.call(listTopics, { limit: 2 });
  expect([first.topics, first.next]).toEqual([["a.1", "a.2"], "a.2"]);
  const rest = await grpc.call(listTopics, { limit: 2, after: first.next });
  expect([rest.topics, rest.next]).toEqual([["b"], ""]);
  expect((await grpc.call(listTopics, { prefix: "a." })).topics).toEqual(["a.1", "a.2"]);
});

test("a token opens what it has rights for, and nothing else", async () => {
  const admin = testToken(["*"], ["admin", "write", "read"]);
  const reader = testToken(["a.*"], ["read"]);
  const { grpc, server } = await grpcForTest({ server: { tokens: [admin.record, reader.record] } });
  for (const topic of ["a.1", "b"]) await grpc.call(createTopic, { topic }, admin);
  const none = await expectFailure(grpc.call(listTopics, {}), "UNAUTHENTICATED", "unauthorized");
  expect(trailer(none, "www-authenticate")).toBe("Bearer");
  await expectFailure(grpc.call(listTopics, {}, { token: "netlog_no" }), "UNAUTHENTICATED", "unauthorized");
  expect((await grpc.call(listTopics, {}, reader)).topics).toEqual(["a.1"]);
  await grpc.call(read, { topic: "a.1" }, reader);
  await expectFailure(grpc.call(read, { topic: "b" }, reader), "PERMISSION_DENIED", "forbidden");
  await expectFailure(grpc.call(read, { topic: "none" }, reader), "PERMISSION_DENIED", "forbidden");
  const message = { payload: Buffer.from("a") };
  const writes = grpc.call(publish, { topic: "a.1", message }, reader);
  await expectFailure(writes, "PERMISSION_DENIED", "forbidden");
  const dead = grpc.call(createScanner, { topic: "a.1", ack: true, deadLetter: "b" }, reader);
  await expectFailure(dead, "PERMISSION_DENIED", "forbidden");

  const { scanner } = await grpc.call(createScanner, { topic: "a.1" }, reader);
  const waiting = grpc.call(scan, { topic: "a.1", id: scanner!.id, waitMs: 60_000n }, reader);
  const refused = expectFailure(waiting, "UNAUTHENTICATED", "unauthorized");
  // Behind the scan on the same connection.
  await grpc.call(getTopic, { topic: "a.1" }, reader);
  server.replaceTokens([admin.record]);
  await grpc.call(publish, { topic: "a.1", message }, admin);
  await refused;
});

test("a topic whose client reads it does not end by its ttl", async () => {
  const { grpc, runtime } = await grpcForTest();
  await grpc.call(createTopic, { topic: "t", settings: { ttl: "1m" } });
  await runtime.advance(50_000);
  await grpc.call(read, { topic: "t" });
  await runtime.advance(50_000);
  await grpc.call(getTopic, { topic: "t" });
  await runtime.advance(50_000);
  await expectFailure(grpc.call(getTopic, { topic: "t" }), "NOT_FOUND", "topic_not_found");
});
