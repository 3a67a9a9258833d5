/** The store's port: ids and bytes that are none, clients that take nothing or wait for ever, rights, TLS, and each status. */
import { connect as connectTcp } from "node:net";
import { create, toBinary } from "@bufbuild/protobuf";
import { credentials } from "@grpc/grpc-js";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { NetlogError } from "../../../../lib/index.ts";
import { LogUnavailable } from "../../../../lib/views/index.ts";
import { Service as Cleaner } from "../../../../server/grpc/generated/api/grpc/cleaner/service_pb.ts";
import { GetBatchRequestSchema, Service } from "../../../../server/grpc/generated/api/grpc/service_pb.ts";
import { LIMITS } from "../../../../server/index.ts";
import { testCertificate } from "../../../support/certificate.ts";
import { within } from "../../../support/deadline.ts";
import { EITHER_DATABASE, type TestDatabase } from "../../../support/views/databases.ts";
import { testToken } from "../../auth/tokens-fixture.ts";
import { clientForTest, expectFailure } from "../../grpc/grpc-fixture.ts";
import { begin, endOf, framed, rawSession } from "../../grpc/raw-calls.ts";
import { callInBytes, type StoreFixtureOptions, storeForTest } from "./store-fixture.ts";

const { putBatch, getBatch, deleteBatch } = Service.method;
const SERVICE = "/awakari.messages.Service";
const MiB = 1024 * 1024;
const OK = 0;
const INVALID_ARGUMENT = 3;
const RESOURCE_EXHAUSTED = 8;
const UNIMPLEMENTED = 12;

let opened: TestDatabase;
beforeAll(async () => {
  opened = await EITHER_DATABASE.open();
});
afterEach(() => opened.clear());
afterAll(() => opened.close());

const store = (options?: StoreFixtureOptions) => storeForTest(opened.database, options);

test("ids that no event can have are refused, or end the prefix", async () => {
  const { put, get, remove } = await store();
  for (const id of ["", "a\0b", "x".repeat(1025)]) {
    await expectFailure(put({ id }, { id: "a" }), "INVALID_ARGUMENT", "bad_request");
    expect(await put({ id: "first" }, { id })).toBe(1);
    await expectFailure(get(["first", id]), "INVALID_ARGUMENT", "bad_request");
    await expectFailure(remove("first", id), "INVALID_ARGUMENT", "bad_request");
  }
  const longest = "ы".repeat(512);
  expect(await put({ id: longest })).toBe(1);
  expect(await remove(longest)).toBe(1);
});

test("an empty batch is acknowledged, and of too many events the first are", async () => {
  const { put } = await store();
  expect(await put()).toBe(0);
  expect(await put(...Array.from({ length: 1002 }, (_, number) => ({ id: `${number}` })))).toBe(1000);
});

test("bytes that are no request are INVALID_ARGUMENT", async () => {
  const { client } = await store();
  for (const bytes of ["ff", "0a02ff", "0a030a01ff"]) {
    await expectFailure(
      callInBytes(client, "PutBatch", Buffer.from(bytes, "hex")),
      "INVALID_ARGUMENT",
      "bad_request",
    );
  }
});

test("a call that is given up after a millisecond holds nothing up, and what it stored is whole", async () => {
  const { put, client, idsOf } = await store();
  const ids = Array.from({ length: 20 }, (_, number) => `${number}`);
  const { msgs } = { msgs: ids.map((id) => ({ id })) };
  const short = () => ({ deadline: Date.now() + 1 });
  const calls = ids.flatMap(() => [
    client.call(putBatch, { msgs }, short()),
    client.call(getBatch, { ids }, short()),
    client.call(deleteBatch, { ids: ["none"] }, short()),
    client.call(Cleaner.method.clean, {}, short()),
  ]);
  await within("all calls", Promise.allSettled(calls));
  expect(await put(...msgs)).toBe(20);
  expect(await idsOf(ids)).toEqual(ids);
});

test("where there are tokens, each method needs its right on the topic", async () => {
  const writer = testToken(["messages"], ["write"]);
  const reader = testToken(["messages"], ["read"]);
  const { client } = await store({ port: { tokens: [writer.record, reader.record] } });
  await expectFailure(client.call(getBatch, { ids: [] }), "UNAUTHENTICATED", "unauthorized");
  const { token } = reader;
  await expectFailure(client.call(putBatch, { msgs: [] }, { token }), "PERMISSION_DENIED", "forbidden");
  await expectFailure(client.call(Cleaner.method.clean, {}, { token }), "PERMISSION_DENIED", "forbidden");
  expect(await client.call(getBatch, { ids: [] }, { token })).toMatchObject({ msgs: [] });
  expect(await client.call(putBatch, { msgs: [] }, { token: writer.token })).toMatchObject({ ackCount: 0 });
  await expectFailure(
    client.call(getBatch, { ids: [] }, { token: writer.token }),
    "PERMISSION_DENIED",
    "forbidden",
  );
});

test("TLS is spoken with the server's certificate, and with nothing else", async () => {
  const certificate = await testCertificate();
  const { port, client } = await store({ port: { certificate } });
  const trusting = clientForTest(port, credentials.createSsl(Buffer.from(certificate.cert)));
  expect(await trusting.call(putBatch, { msgs: [{ id: "a" }] })).toMatchObject({ ackCount: 1 });
  await expectFailure(client.call(getBatch, { ids: ["a"] }), "UNAVAILABLE", undefined);
});

test("frames that are none, a request that is missing, two of them, and an unknown method are refused", async () => {
  const { port, idsOf, put } = await store();
  const socket = connectTcp(port, "127.0.0.1");
  socket.on("error", () => {}).resume();
  socket.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n\0\0\0".repeat(100));
  await within("the end of the connection", new Promise((resolve) => socket.on("close", resolve)));
  const session = rawSession(port);
  const ask = (method: string, bytes: Buffer, headers = {}) => {
    const call = begin(session, `${SERVICE}/${method}`, headers);
    call.end(bytes);
    return endOf(call);
  };
  const none = framed(Buffer.alloc(0));
  for (const method of ["PutBatch", "GetBatch", "DeleteBatch"]) {
    expect(await ask(method, none)).toEqual([OK, undefined]);
    for (const bytes of [Buffer.alloc(0), Buffer.concat([none, none]), framed(Buffer.from("ffff", "hex"))]) {
      expect(await ask(method, bytes)).toEqual([INVALID_ARGUMENT, "bad_request"]);
    }
    const tooLarge = begin(session, `${SERVICE}/${method}`);
    tooLarge.write(framed(Buffer.alloc(0), 4_000_000_000));
    expect(await endOf(tooLarge)).toEqual([RESOURCE_EXHAUSTED, "payload_too_large"]);
    expect(
      (await ask(method, framed(Buffer.from("not gzip"), undefined, 1), { "grpc-encoding": "gzip" }))[0],
    ).not.toBe(OK);
  }
  expect((await ask("ListBatch", none))[0]).toBe(UNIMPLEMENTED);
  expect(await put({ id: "a" })).toBe(1);
  expect(await idsOf(["a"])).toEqual(["a"]);
});

test("a store that is about to make its tables says so", async () => {
  const { put, get, remove, clean, runner } = await store();
  await put({ id: "a" });
  await runner.stop();
  await opened.clear();
  for (const call of [() => put({ id: "b" }), () => get(["a"]), () => remove("a"), clean]) {
    await expectFailure(call(), "UNAVAILABLE", "topic_unavailable");
  }
});

test.skipIf(EITHER_DATABASE.isServer === false)(
  "a database that is away is INTERNAL, until it is back",
  async () => {
    const { put, get, remove, clean, idsOf } = await store();
    await put({ id: "a" });
    await opened.postgres?.stop();
    for (const call of [() => put({ id: "b" }), () => get(["a"]), () => remove("a"), clean]) {
      await expectFailure(call(), "INTERNAL", "unknown_error");
    }
    await opened.postgres?.restart();
    await expect.poll(() => put({ id: "b" }).catch(() => 0)).toBe(1);
    expect(await idsOf(["a", "b"])).toEqual(["a", "b"]);
  },
);

test("trouble of the log is INTERNAL, and a log that is busy RESOURCE_EXHAUSTED", async () => {
  const { put, faults } = await store();
  faults.append = () => Promise.reject(new LogUnavailable("gone", new NetlogError("shutting_down")));
  await expectFailure(put({ id: "a" }), "INTERNAL", "unknown_error");
  faults.append = () => Promise.reject(new LogUnavailable("busy", new NetlogError("too_many_requests")));
  await expectFailure(put({ id: "a" }), "RESOURCE_EXHAUSTED", "too_many_requests");
});

test("clients that take no answer hold the bytes in flight, no more, and are cut", async () => {
  const limits = { ...LIMITS, bytesInFlight: 3 * MiB, smallBytesInFlight: 0, stalledMs: 500 };
  const { port, put, idsOf } = await store({ port: { limits } });
  await put({ id: "a", data: { case: "binaryData", value: Buffer.alloc(MiB) } });
  const request = framed(toBinary(GetBatchRequestSchema, create(GetBatchRequestSchema, { ids: ["a"] })));
  const ask = async () => {
    const call = begin(rawSession(port, 0), `${SERVICE}/GetBatch`);
    const answer = new Promise<Record<string, unknown>>((resolve) => call.once("response", resolve));
    call.end(request);
    return { call, code: (await within("an answer", answer))["x-netlog-error"] };
  };
  const answers = [await ask(), await ask(), await ask()];
  expect(answers.map(({ code }) => code)).toEqual([undefined, undefined, "too_many_requests"]);
  const cut = answers.slice(0, 2).map(({ call }) => new Promise((resolve) => call.once("close", resolve)));
  await within("the cuts", Promise.all(cut));
  await expect.poll(() => idsOf(["a"]).catch(() => undefined)).toEqual(["a"]);
});

/** The ten thousand take a while on a machine that has more to do. */
const IDLE_CALLS = Number(process.env.GRPC_IDLE_STREAMS ?? 1000);

test("thousands of calls whose requests do not come keep nobody waiting, and are given up", async () => {
  const limits = { ...LIMITS, bodyIdleMs: 1000 };
  const { port, put, idsOf } = await store({ port: { limits } });
  const ends: Promise<unknown>[] = [];
  while (ends.length < IDLE_CALLS) {
    const session = rawSession(port);
    await new Promise((resolve) => session.once("remoteSettings", resolve));
    for (let i = 0; i < LIMITS.grpcConnectionCalls; i++)
      ends.push(endOf(begin(session, `${SERVICE}/PutBatch`)));
  }
  expect(await put({ id: "a" })).toBe(1);
  expect(await idsOf(["a"])).toEqual(["a"]);
  expect(new Set((await Promise.all(ends)).map(String))).toEqual(new Set(["4,request_timeout"]));
});
