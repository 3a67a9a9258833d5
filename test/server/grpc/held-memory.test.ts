/** What calls may hold of the memory and of the places of all clients, and when they give it back. */
import { gzipSync } from "node:zlib";
import { create, toBinary } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { Health } from "../../../server/grpc/generated/grpc/health/v1/health_pb.ts";
import { Log, PublishRequestSchema } from "../../../server/grpc/generated/netlog/v1/log_pb.ts";
import { expectFailure, grpcForTest } from "./grpc-fixture.ts";
import { begin, endOf, framed, rawSession } from "./raw-calls.ts";

const { createTopic, publish } = Log.method;
const topic = "t";
const KiB = 1024;
const MiB = 1024 * KiB;
const OK = 0;
const RESOURCE_EXHAUSTED = 8;
const INVALID_ARGUMENT = 3;

function gate() {
  let open = (): void => {};
  const closed = new Promise<void>((resolve) => (open = resolve));
  return { closed, open: () => open() };
}

async function withTopic(options: Parameters<typeof grpcForTest>[0] = {}) {
  const fixture = await grpcForTest(options);
  await fixture.grpc.call(createTopic, { topic });
  const figure = async (name: string) =>
    Number(new RegExp(`^${name} (\\d+)$`, "m").exec((await fixture.api.get("/-/metrics")).text)?.[1]);
  return { ...fixture, figure };
}

test("a packed request may not become larger than its method takes, which is what it counts meanwhile", async () => {
  const { server } = await withTopic();
  const call = begin(rawSession(server.grpcPort), "/grpc.health.v1.Health/Check", {
    "grpc-encoding": "gzip",
  });
  call.end(framed(gzipSync(Buffer.alloc(16 * MiB, Buffer.from([0x78, 1]))), undefined, 1));
  expect((await endOf(call))[0]).toBe(RESOURCE_EXHAUSTED);
  const small = begin(rawSession(server.grpcPort), "/grpc.health.v1.Health/Check", {
    "grpc-encoding": "gzip",
  });
  small.end(framed(gzipSync(Buffer.alloc(0)), undefined, 1));
  expect((await endOf(small))[0]).toBe(OK);
});

test("a request of more fields than any client needs is refused before one is made of them", async () => {
  const { grpc, server } = await withTopic({ limits: { pendingMax: 2000, batchMessages: 2000 } });
  const session = rawSession(server.grpcPort);
  const ask = (method: string, bytes: Uint8Array) => {
    const call = begin(session, method);
    call.end(framed(bytes));
    return endOf(call);
  };
  const refused = [INVALID_ARGUMENT, "bad_request"];
  const unknown = Buffer.alloc(40 * KiB, Buffer.from([0x78, 1]));
  expect(await ask("/grpc.health.v1.Health/Check", unknown)).toEqual(refused);
  const inMessage = Buffer.concat([Buffer.from([0x12, 0x80, 0xc0, 2]), unknown]);
  expect(await ask("Publish", inMessage)).toEqual(refused);
  expect(await ask("PublishBatch", Buffer.alloc(2 * 3001, Buffer.from([0x12, 0])))).toEqual(refused);
  const offsets = Array.from({ length: 3001 }, (_, offset) => BigInt(offset));
  await expectFailure(
    grpc.call(Log.method.ack, { topic, id: "s", offsets }),
    "INVALID_ARGUMENT",
    "bad_request",
  );
  // Not of the length that it says, no field of a known kind, and cut off.
  for (const flaw of [[0x0a, 5, 1], [0x0b], [0x80]]) {
    expect(await ask("Publish", Buffer.from(flaw))).toEqual(refused);
    expect(await ask("PublishBatch", Buffer.from(flaw))).toEqual(refused);
  }
  await grpc.call(Log.method.createScanner, { topic, id: "s", ack: true });
  const ack = grpc.call(Log.method.ack, { topic, id: "s", offsets: offsets.slice(0, 2000) });
  await expectFailure(ack, "OUT_OF_RANGE", "offset_not_found");
});

test("a client that leaves frees nothing that its publish still needs", async () => {
  const { grpc, netlog, figure } = await withTopic();
  const { closed, open } = gate();
  const real = netlog.topic(topic).publish.bind(netlog.topic(topic));
  netlog.topic(topic).publish = async (...given) => {
    await closed;
    return await real(...given);
  };
  const { answer, cancel } = grpc.begin(publish, { topic, message: { payload: Buffer.alloc(MiB, 1) } });
  await expect.poll(() => figure("netlog_bytes_in_flight")).toBeGreaterThan(MiB);
  cancel();
  await expect(answer).rejects.toThrow("CANCELLED");
  await expect.poll(() => figure("netlog_waiting_requests")).toBe(0);
  expect(await figure("netlog_bytes_in_flight")).toBeGreaterThan(MiB);
  open();
  await expect.poll(() => figure("netlog_bytes_in_flight")).toBe(0);
});

test("a call is answered when its request is whole, whether its client has more to say or not", async () => {
  const { server, figure } = await withTopic();
  const session = rawSession(server.grpcPort);
  const message = { payload: Buffer.from("a") };
  const call = begin(session, "Publish");
  call.write(framed(toBinary(PublishRequestSchema, create(PublishRequestSchema, { topic, message }))));
  expect((await endOf(call))[0]).toBe(OK);
  await expect.poll(() => figure("netlog_waiting_requests")).toBe(0);
  expect(await figure("netlog_bytes_in_flight")).toBe(0);
});

test("what was stored is answered as stored, however little memory there is for answers", async () => {
  const limits = { bytesInFlight: 4 * MiB, payloadBytes: 2 * MiB, batchBytes: 2 * MiB };
  const { grpc, server, figure } = await withTopic({ limits: { ...limits, smallBytesInFlight: 0 } });
  await grpc.publish(topic, "a");
  const session = rawSession(server.grpcPort);
  for (let i = 0; i < 2; i++) begin(session, "Publish").write(framed(Buffer.alloc(2 * MiB - 1, 1), 2 * MiB));
  await expect.poll(() => figure("netlog_bytes_in_flight")).toBe(4 * MiB - 2);
  expect(await grpc.publish(topic, "b")).toBe(1);
  await grpc.call(Log.method.createScanner, { topic, id: "s" });
  await expectFailure(grpc.call(Log.method.read, { topic }), "RESOURCE_EXHAUSTED", "too_many_requests");
  await expectFailure(
    grpc.call(Log.method.listScanners, { topic }),
    "RESOURCE_EXHAUSTED",
    "too_many_requests",
  );
});

test("calls that need no token leave the places of those that wait for a message alone", async () => {
  const limits = { waitingRequests: 2, grpcOpenCalls: 3 };
  const { grpc, server } = await withTopic({ limits });
  const session = rawSession(server.grpcPort);
  const calls = Array.from({ length: 4 }, () => begin(session, "/grpc.health.v1.Health/Watch"));
  const ends = calls.map(endOf);
  for (const call of calls) call.end(framed(Buffer.alloc(0)));
  expect(await Promise.race(ends)).toEqual([RESOURCE_EXHAUSTED, "too_many_requests"]);
  expect(await grpc.publish(topic, "a")).toBe(0);
  await expectFailure(grpc.call(Health.method.check, {}), "RESOURCE_EXHAUSTED", "too_many_requests");
  session.destroy();
  const check = () =>
    grpc.call(Health.method.check, {}).then(
      () => true,
      () => false,
    );
  await expect.poll(check).toBe(true);
});
