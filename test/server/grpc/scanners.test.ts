/** Scanners and what workers do with their messages. */
import { create, toBinary } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { Log, ScanRequestSchema } from "../../../server/grpc/generated/netlog/v1/log_pb.ts";
import { type Asked, expectFailure, grpcForTest, texts } from "./grpc-fixture.ts";
import { begin, endOf, framed, rawSession } from "./raw-calls.ts";

const { createScanner, listScanners, deleteScanner, scan, ack, nack, touch, seek, createTopic, closeTopic } =
  Log.method;
const topic = "t";
const id = "s";
const DEADLINE_EXCEEDED = 4;

/** A topic with messages, and a scanner of it that leases them. */
async function withWorker(...payloads: string[]) {
  const fixture = await grpcForTest();
  const { grpc } = fixture;
  await grpc.call(createTopic, { topic });
  if (payloads.length > 0) await grpc.publish(topic, ...payloads);
  await grpc.call(createScanner, { topic, id, ack: true, ackWaitMs: 10_000n });
  const next = (maxMessages = 1, asked: Asked = {}) => grpc.call(scan, { topic, id, maxMessages }, asked);
  return { ...fixture, next };
}

test("a scanner is created once, and another request for its id has to agree", async () => {
  const { grpc } = await withWorker("a");
  const again = await grpc.call(createScanner, { topic, id });
  expect([again.created, again.scanner]).toMatchObject([
    false,
    { id, ack: true, persistent: true, ackWaitMs: 10_000n, maxPending: 1000, lag: 1n },
  ]);
  const other = grpc.call(createScanner, { topic, id, ack: false });
  await expectFailure(other, "ALREADY_EXISTS", "scanner_exists");
  const wrong = grpc.call(createScanner, { topic, id: "x", ack: true, ackWaitMs: 1n });
  await expectFailure(wrong, "INVALID_ARGUMENT", "bad_request");
  const { scanner } = await grpc.call(createScanner, { topic, start: { case: "from", value: "end" } });
  expect(scanner).toMatchObject({ nextOffset: 1n, persistent: false, ack: false, maxPending: 0 });
  const { scanners } = await grpc.call(listScanners, { topic });
  expect(scanners.map((each) => each.id).toSorted()).toEqual([id, scanner!.id].toSorted());
  await grpc.call(deleteScanner, { topic, id });
  await expectFailure(grpc.call(listScanners, { topic, id }), "NOT_FOUND", "scanner_not_found");
});

test("messages that were given out and acknowledged do not come again; those given back do", async () => {
  const { grpc, next } = await withWorker("a", "b", "c");
  const first = await next(2);
  expect([texts(first.messages), first.messages.map(({ delivery }) => delivery)]).toEqual([
    ["a", "b"],
    [1, 1],
  ]);
  expect((await grpc.call(ack, { topic, id, offsets: [0n], lease: first.lease })).settled).toBe(1);
  expect((await grpc.call(nack, { topic, id, lease: first.lease })).settled).toBe(1);
  const second = await next(5);
  expect([texts(second.messages), second.messages[0]!.delivery]).toEqual([["b", "c"], 2]);
  const stale = await grpc.call(ack, { topic, id, offsets: [1n], lease: first.lease });
  expect([stale.settled, stale.refused]).toEqual([0, [1n]]);
  expect((await grpc.call(touch, { topic, id, lease: second.lease })).settled).toBe(2);
  expect((await grpc.call(ack, { topic, id, lease: second.lease })).settled).toBe(2);
  expect((await next()).messages).toEqual([]);
});

test("a lease that runs out makes its message due again", async () => {
  const { runtime, next } = await withWorker("a");
  await next();
  await runtime.advance(10_000);
  expect((await next()).messages[0]).toMatchObject({ offset: 0n, delivery: 2 });
});

test("work that names nothing, what was never given out, or a wrong delay is refused", async () => {
  const { grpc } = await withWorker("a");
  await expectFailure(grpc.call(ack, { topic, id }), "INVALID_ARGUMENT", "bad_request");
  await expectFailure(grpc.call(ack, { topic, id, offsets: [0n] }), "OUT_OF_RANGE", "offset_not_found");
  await expectFailure(grpc.call(ack, { topic, id, lease: "none" }), "ABORTED", "lease_lost");
  const both = grpc.call(nack, { topic, id, offsets: [0n], delayMs: 5n, dead: true });
  await expectFailure(both, "INVALID_ARGUMENT", "bad_request");
  const { scanner } = await grpc.call(createScanner, { topic });
  const plain = grpc.call(ack, { topic, id: scanner!.id, offsets: [0n] });
  await expectFailure(plain, "FAILED_PRECONDITION", "scanner_without_ack");
});

test("a scan waits for a message, and says when the topic has ended", async () => {
  const { grpc } = await withWorker();
  const waiting = grpc.call(scan, { topic, id, waitMs: 60_000n });
  await grpc.publish(topic, "late");
  const { messages, lease } = await waiting;
  expect(texts(messages)).toEqual(["late"]);
  await grpc.call(ack, { topic, id, lease });
  await grpc.call(closeTopic, { topic });
  const end = await grpc.call(scan, { topic, id, waitMs: 60_000n });
  expect([end.messages, end.closed]).toEqual([[], true]);
});

test("a scan that is given up while it waits leases nothing", async () => {
  const { grpc, netlog, next } = await withWorker();
  const { answer, cancel } = grpc.begin(scan, { topic, id, waitMs: 60_000n });
  const waits = () => netlog.stats().then(({ topics }) => topics[0]!.waiterCount);
  await expect.poll(waits).toBe(1);
  cancel();
  await expectFailure(answer, "CANCELLED", undefined);
  await expect.poll(waits).toBe(0);
  await grpc.publish(topic, "a");
  expect((await next()).messages[0]).toMatchObject({ offset: 0n, delivery: 1 });
});

test("a scan whose deadline passes while it waits leases nothing", async () => {
  const { grpc, next } = await withWorker();
  const late = grpc.call(scan, { topic, id, waitMs: 60_000n }, { deadline: Date.now() + 50 });
  await expectFailure(late, "DEADLINE_EXCEEDED", undefined);
  await grpc.publish(topic, "a");
  expect((await next()).messages[0]).toMatchObject({ offset: 0n, delivery: 1 });
});

test.each([true, false])(
  "a scan whose answer does not go out gives its messages back (ack: %s)",
  async (isLeased) => {
    const { grpc, server, api } = await grpcForTest();
    await grpc.call(createTopic, { topic });
    await grpc.publish(topic, "a".repeat(100_000));
    await grpc.call(createScanner, { topic, id, ack: isLeased });
    // It takes nothing: the answer waits at the server.
    const session = rawSession(server.grpcPort, 0);
    const request = create(ScanRequestSchema, { topic, id });
    begin(session, "Scan").end(framed(toBinary(ScanRequestSchema, request)));
    const held = async () =>
      Number(/^netlog_bytes_in_flight (\d+)$/m.exec((await api.get("/-/metrics")).text)?.[1]);
    await expect.poll(held).toBeGreaterThan(100_000);
    session.destroy();
    await expect.poll(held).toBe(0);
    const { messages } = await grpc.call(scan, { topic, id });
    expect(messages.map(({ offset, delivery }) => [offset, delivery])).toEqual([[0n, isLeased ? 1 : 0]]);
  },
);

test("a scan whose answer goes out behind its deadline gives its messages back", async () => {
  const { grpc, server, netlog } = await withWorker("a");
  const session = rawSession(server.grpcPort, 0);
  const call = begin(session, "Scan", { "grpc-timeout": "100m" });
  const scanner = netlog.topic(topic).scanner(id);
  const state = () => scanner.pendingMessages(-1, 1)[0]?.state;
  call.end(framed(toBinary(ScanRequestSchema, create(ScanRequestSchema, { topic, id }))));
  await expect.poll(state).toBe("leased");
  // Its own deadline is later.
  const later = grpc.call(
    Log.method.read,
    { topic, start: { case: "from", value: "end" }, waitMs: 60_000n },
    { deadline: Date.now() + 150 },
  );
  await expectFailure(later, "DEADLINE_EXCEEDED", undefined);
  expect(state()).toBe("leased");
  session.settings({ initialWindowSize: 65_535 });
  expect(await endOf(call)).toEqual([DEADLINE_EXCEEDED, undefined]);
  await expect.poll(state).toBe(undefined);
  expect((await grpc.call(scan, { topic, id })).messages[0]).toMatchObject({ offset: 0n, delivery: 1 });
});

test("a topic's scanners are listed by id, a page at a time, and a page holds so many bytes", async () => {
  const { grpc } = await grpcForTest({ limits: { grpcReadBytes: 10_000 } });
  await grpc.call(createTopic, { topic });
  const long = Array.from({ length: 8 }, (_, i) => `${i}`.repeat(1000));
  for (const each of ["d", "b", "a", "c"]) {
    await grpc.call(createScanner, { topic, id: each, keys: each === "c" ? long : [] });
  }
  const page = async (after: string, limit = 0) => {
    const { scanners, next } = await grpc.call(listScanners, { topic, after, limit });
    return [scanners.map((scanner) => scanner.id).join(""), next];
  };
  expect(await page("", 2)).toEqual(["ab", "b"]);
  expect(await page("b")).toEqual(["c", "c"]);
  expect(await page("c")).toEqual(["d", ""]);
});

test("durations with fractions of a millisecond, and as many keys as may be, are taken", async () => {
  const { grpc, api } = await grpcForTest();
  await grpc.call(createTopic, { topic });
  const scanner = "/t/scanner?id=x&ack=explicit&ack_wait=100.5ms&expire=1000.5ms";
  expect((await api.post(scanner)).status).toBe(201);
  const { scanners } = await grpc.call(listScanners, { topic });
  expect(scanners).toMatchObject([{ ackWaitMs: 101n, expireMs: 1001n }]);
  const keys = Array.from({ length: 64 }, (_, i) => `${i}`.padStart(1024, "k"));
  expect((await grpc.call(Log.method.read, { topic, keys })).messages).toEqual([]);
  expect((await grpc.call(createScanner, { topic, keys })).scanner?.keys).toEqual(keys);
});

test("seek moves a scanner to any spelling of an offset", async () => {
  const { grpc, next } = await withWorker("a", "b", "c");
  const moved = await grpc.call(seek, { topic, id, start: { case: "to", value: "last" } });
  expect(moved.scanner).toMatchObject({ nextOffset: 2n });
  expect(texts((await next()).messages)).toEqual(["c"]);
  await grpc.call(seek, { topic, id, start: { case: "offset", value: 1n } });
  expect(texts((await next()).messages)).toEqual(["b"]);
  await expectFailure(grpc.call(seek, { topic, id }), "INVALID_ARGUMENT", "bad_request");
});
