/** Clients that send too much, too little or nonsense, and clients that take nothing. */
import { connect as connectTcp } from "node:net";
import { create, toBinary } from "@bufbuild/protobuf";
import { expect, onTestFinished, test } from "vitest";
import { Log, TailRequestSchema } from "../../../server/grpc/generated/netlog/v1/log_pb.ts";
import { LIMITS } from "../../../server/index.ts";
import { within } from "../../support/deadline.ts";
import { expectFailure, grpcForTest } from "./grpc-fixture.ts";
import { begin, endOf, framed, rawSession } from "./raw-calls.ts";

const { publish, createTopic, listTopics } = Log.method;
const topic = "t";
const KiB = 1024;
const MiB = 1024 * KiB;

async function withTopic(options: Parameters<typeof grpcForTest>[0] = {}) {
  const fixture = await grpcForTest(options);
  await fixture.grpc.call(createTopic, { topic });
  return fixture;
}

const RESOURCE_EXHAUSTED = 8;
const INVALID_ARGUMENT = 3;
const DEADLINE_EXCEEDED = 4;

test("a request that is too large for its method is refused before its bytes come", async () => {
  const { grpc, server } = await withTopic({ limits: { payloadBytes: 100 * KiB } });
  const message = { payload: Buffer.alloc(200 * KiB, 1) };
  await expectFailure(grpc.call(publish, { topic, message }), "RESOURCE_EXHAUSTED", "payload_too_large");
  const call = begin(rawSession(server.grpcPort), "Publish");
  call.write(framed(Buffer.alloc(0), 4_000_000_000));
  expect(await endOf(call)).toEqual([RESOURCE_EXHAUSTED, "payload_too_large"]);
});

test("bodies that do not come whole count in the bytes in flight, until their calls are gone", async () => {
  const limits = { bytesInFlight: 4 * MiB, payloadBytes: 2 * MiB, batchBytes: 2 * MiB };
  const { grpc, server, api } = await withTopic({ limits: { ...limits, smallBytesInFlight: 1 } });
  const inFlight = async () =>
    /^netlog_bytes_in_flight (\d+)$/m.exec((await api.get("/-/metrics")).text)?.[1];
  const session = rawSession(server.grpcPort);
  const calls = Array.from({ length: 6 }, () => {
    const call = begin(session, "Publish");
    call.write(framed(Buffer.alloc(MiB, 1), 2 * MiB));
    return { call, end: endOf(call) };
  });
  const [status, code] = await Promise.race(calls.map(({ end }) => end));
  expect([status, code]).toEqual([RESOURCE_EXHAUSTED, "too_many_requests"]);
  session.destroy();
  await expect.poll(inFlight).toBe("0");
  await grpc.publish(topic, "a");
});

test("what comes of a call that is over counts no more", async () => {
  const { server, api } = await withTopic();
  const session = rawSession(server.grpcPort);
  const call = begin(session, "Publish", { "grpc-encoding": "gzip", "grpc-timeout": "1m" });
  expect((await endOf(call))[0]).toBe(DEADLINE_EXCEEDED);
  const other = begin(session, "Publish");
  if (!call.destroyed) call.write(framed(Buffer.alloc(30 * KiB, 1), MiB, 1));
  other.end(framed(Buffer.alloc(0)));
  await endOf(other);
  expect((await api.get("/-/metrics")).text).toContain("netlog_bytes_in_flight 0\n");
});

test("a request that stops coming is given up", async () => {
  const { server, runtime, api } = await withTopic();
  const session = rawSession(server.grpcPort);
  const calls = [begin(session, "Publish"), begin(session, "Publish")];
  calls[1]!.write(framed(Buffer.alloc(10), 100));
  const ends = Promise.all(calls.map(endOf));
  const open = async () => /^netlog_waiting_requests (\d+)$/m.exec((await api.get("/-/metrics")).text)?.[1];
  await expect.poll(open).toBe("2");
  await runtime.advance(2 * LIMITS.bodyIdleMs);
  expect(await ends).toEqual([
    [DEADLINE_EXCEEDED, "request_timeout"],
    [DEADLINE_EXCEEDED, "request_timeout"],
  ]);
});

test("bytes that are no message, no message at all, and two messages are refused", async () => {
  const { server } = await withTopic();
  const session = rawSession(server.grpcPort);
  const ask = (bytes: Buffer) => {
    const call = begin(session, "Publish");
    call.end(bytes);
    return endOf(call);
  };
  const refused = [INVALID_ARGUMENT, "bad_request"];
  expect(await ask(framed(Buffer.from([0xff, 0xff, 0xff])))).toEqual(refused);
  expect(await ask(Buffer.alloc(0))).toEqual(refused);
  expect(await ask(Buffer.concat([framed(Buffer.alloc(0)), framed(Buffer.alloc(0))]))).toEqual(refused);
});

test("a packed message that is too large unpacked is refused", async () => {
  const { gzipSync } = await import("node:zlib");
  const { server } = await withTopic({ limits: { payloadBytes: 100 * KiB, batchBytes: 100 * KiB } });
  const call = begin(rawSession(server.grpcPort), "Publish", { "grpc-encoding": "gzip" });
  call.end(framed(gzipSync(Buffer.alloc(50 * MiB)), undefined, 1));
  expect((await endOf(call))[0]).toBe(RESOURCE_EXHAUSTED);
});

test("bytes that are no HTTP/2 end their connection alone", async () => {
  const { grpc, server } = await withTopic();
  const socket = connectTcp(server.grpcPort!, "127.0.0.1");
  socket.on("error", () => {}).resume();
  socket.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n\0\0\0".repeat(100));
  await within("the end of the connection", new Promise((resolve) => socket.on("close", resolve)));
  await grpc.publish(topic, "a");
});

test("a client that takes nothing costs one batch, and is cut", async () => {
  const { grpc, server, api, runtime } = await withTopic();
  const message = { payload: Buffer.alloc(100 * KiB, 1) };
  for (let i = 0; i < 20; i++) await grpc.call(publish, { topic, message });
  const call = begin(rawSession(server.grpcPort, 0), "Tail");
  call.end(framed(toBinary(TailRequestSchema, create(TailRequestSchema, { topic }))));
  const held = async () =>
    Number(/^netlog_bytes_in_flight (\d+)$/m.exec((await api.get("/-/metrics")).text)?.[1]);
  await expect.poll(held).toBeGreaterThan(0);
  expect(await held()).toBeLessThanOrEqual(LIMITS.grpcTailBytes);
  const ended = within("the end of the call", new Promise((resolve) => call.on("close", resolve)));
  await runtime.advance(2 * LIMITS.stalledMs);
  await ended;
  await expect.poll(held).toBe(0);
});

test("calls beyond max_waiting are refused, and those that end make room", async () => {
  const { grpc, server } = await withTopic({ limits: { waitingRequests: 3 } });
  const session = rawSession(server.grpcPort);
  const calls = Array.from({ length: 3 }, () => begin(session, "Tail"));
  for (const call of calls)
    call.end(framed(toBinary(TailRequestSchema, create(TailRequestSchema, { topic }))));
  const isFull = () =>
    grpc.call(listTopics, {}).then(
      () => false,
      () => true,
    );
  await expect.poll(isFull).toBe(true);
  await expectFailure(grpc.call(listTopics, {}), "RESOURCE_EXHAUSTED", "too_many_requests");
  session.destroy();
  await expect.poll(isFull).toBe(false);
});

test("a connection beyond max_connections is closed", async () => {
  const { server } = await grpcForTest({ limits: { connections: 2 } });
  const sockets = Array.from({ length: 3 }, () => connectTcp(server.grpcPort!, "127.0.0.1"));
  for (const socket of sockets) socket.on("error", () => {}).resume();
  onTestFinished(() => sockets.forEach((socket) => void socket.destroy()));
  await within("the end of one", Promise.race(sockets.map((s) => new Promise((end) => s.on("close", end)))));
});

test("a deadline of a millisecond takes no message, by any method, and ends no other call", async () => {
  const { grpc, netlog } = await withTopic();
  await grpc.publish(topic, "a", "b");
  await grpc.call(Log.method.createScanner, { topic, id: "s", ack: true });
  const scanner = netlog.topic(topic).scanner("s");
  const deliveries: { readonly offset: number; handedOver?: boolean }[] = [];
  const real = scanner.scanMany.bind(scanner);
  scanner.scanMany = async (request) => {
    const delivery = await real(request);
    if (delivery === undefined) return undefined;
    const noted: (typeof deliveries)[number] = { offset: delivery.offset };
    deliveries.push(noted);
    const settle = (handedOver: boolean): void => {
      noted.handedOver = handedOver;
      delivery.settle(handedOver);
    };
    return { ...delivery, settle };
  };
  const short = () => ({ deadline: Date.now() + 1 });
  const message = { payload: Buffer.from("x") };
  const requests = { topic, id: "s", message, messages: [message], offsets: [0n], waitMs: 1000n };
  for (let round = 0; round < 5; round++) {
    const calls = Object.values(Log.method).map((method) => {
      if (method.methodKind === "server_streaming") {
        const stream = grpc.stream(method, { topic }, short());
        return new Promise((resolve) => stream.on("error", resolve).on("end", resolve).resume());
      }
      if (/delete|close|update/.test(method.localName)) return Promise.resolve();
      const fields = Object.entries(requests).filter(([name]) => method.input.field[name] !== undefined);
      return grpc.call(method as typeof publish, Object.fromEntries(fields), short()).catch(() => undefined);
    });
    await within("all calls", Promise.all(calls));
  }
  await expect.poll(() => deliveries.every(({ handedOver }) => handedOver !== undefined)).toBe(true);
  const given = deliveries.flatMap(({ offset, handedOver }) => (handedOver === true ? [offset] : []));
  const leased = scanner.pendingMessages(-1, 1000).filter(({ state }) => state === "leased");
  expect(given).toEqual(expect.arrayContaining(leased.map(({ offset }) => offset)));
  await grpc.publish(topic, "after");
});

/** All of the ten thousand take a while on a machine that has more to do. */
const IDLE_STREAMS = Number(process.env.GRPC_IDLE_STREAMS ?? 2000);

test("thousands of idle streams do not keep others waiting, and each gets the next message", async () => {
  const { grpc, server } = await withTopic();
  const request = framed(toBinary(TailRequestSchema, create(TailRequestSchema, { topic })));
  const got: Promise<unknown>[] = [];
  while (got.length < IDLE_STREAMS) {
    const session = rawSession(server.grpcPort);
    await new Promise((resolve) => session.once("remoteSettings", resolve));
    for (let i = 0; i < LIMITS.grpcConnectionCalls; i++) {
      const call = begin(session, "Tail");
      call.end(request);
      got.push(new Promise((resolve) => call.once("data", resolve)));
    }
  }
  expect((await grpc.call(listTopics, {})).topics).toEqual([topic]);
  await grpc.publish(topic, "a");
  await within("a message for each stream", Promise.all(got));
});
