/**
 * The acceptance cases of the message store, by their numbers in its specification, and what else its methods promise. 10, 15
 * and 19 are in test/process, and 16 as well. The suite of all views runs on each database with each reader; here each has
 * its turn.
 */
import { toBinary } from "@bufbuild/protobuf";
import { anyPack, TimestampSchema, timestampFromMs } from "@bufbuild/protobuf/wkt";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { NetlogError } from "../../../../lib/index.ts";
import { LogUnavailable } from "../../../../lib/views/index.ts";
import { joinEvents } from "../../../../lib/views/messages/index.ts";
import { LocalLogReader } from "../../../../lib/views/reading/local-log-reader.ts";
import { Service as Cleaner } from "../../../../server/grpc/generated/api/grpc/cleaner/service_pb.ts";
import { CloudEventSchema } from "../../../../server/grpc/generated/api/grpc/cloudevents/cloudevent_pb.ts";
import { Service } from "../../../../server/grpc/generated/api/grpc/service_pb.ts";
import {
  Health,
  HealthCheckResponse_ServingStatus as Serving,
} from "../../../../server/grpc/generated/grpc/health/v1/health_pb.ts";
import { within } from "../../../support/deadline.ts";
import { DATABASES, type TestDatabase } from "../../../support/views/databases.ts";
import { DAY_MS, type EventInit, eventBytes } from "../../../support/views/messages.ts";
import { READERS, SIGNAL } from "../../../support/views/view-setup.ts";
import { expectFailure } from "../../grpc/grpc-fixture.ts";
import { callInBytes, type StoreFixtureOptions, storeForTest } from "./store-fixture.ts";

const { getBatch, deleteBatch } = Service.method;
const RETENTION_MS = 7 * DAY_MS;
const MiB = 1024 * 1024;

const away = () => Promise.reject(new LogUnavailable("the disk is full", new NetlogError("storage_full")));

const SURROUNDINGS = DATABASES.filter(({ isMissing }) => !isMissing).map((database) => ({
  database,
  reader: database.isServer ? ("in process" as const) : ("over HTTP" as const),
}));

describe.each(SURROUNDINGS)("$database.name, $reader", ({ database, reader }) => {
  let opened: TestDatabase;
  beforeAll(async () => {
    opened = await database.open();
  });
  afterEach(() => opened.clear());
  afterAll(() => opened.close());

  const store = (options?: StoreFixtureOptions) =>
    storeForTest(opened.database, { openReader: READERS[reader], ...options });
  describe("case", () => {
    test("1: one event is put, and acknowledged", async () => {
      const { put, idsOf } = await store();
      expect(await put({ id: "a" })).toBe(1);
      expect(await idsOf(["a"])).toEqual(["a"]);
    });

    test("2: a batch of three of which two can be taken is acknowledged up to there", async () => {
      const { put, idsOf } = await store();
      expect(await put({ id: "a" }, { id: "b" }, { id: "" }, { id: "c" })).toBe(2);
      expect(await idsOf(["a", "b", "c"])).toEqual(["a", "b"]);
    });

    test("3: a failure at the first event is an error, and nothing is acknowledged", async () => {
      const { put, idsOf, faults, storeLogger } = await store();
      await put({ id: "there" });
      faults.append = away;
      await expectFailure(put({ id: "a" }, { id: "there" }), "INTERNAL", "unknown_error");
      expect(storeLogger.messages("error")).toHaveLength(1);
      // What comes before the failure is acknowledged.
      expect(await put({ id: "there" }, { id: "a" })).toBe(1);
      delete faults.append;
      expect(await idsOf(["a"])).toEqual([]);
    });

    test("4: an event whose id is there counts, and the first one stays", async () => {
      const { put, get, netlog } = await store();
      await put({ id: "b", source: "first" });
      expect(await put({ id: "a" }, { id: "b", source: "second" })).toBe(2);
      expect(await put({ id: "c", source: "first" }, { id: "c", source: "second" })).toBe(2);
      expect((await get(["b", "c"])).map(({ source }) => source)).toEqual(["first", "first"]);
      expect(netlog.topic("messages").readableEnd).toBe(3);
    });

    test("5: those that are there come in the order that was asked for, each once", async () => {
      const { put, idsOf } = await store();
      await put({ id: "a" }, { id: "b" }, { id: "c" });
      expect(await idsOf(["c", "none", "a", "c"])).toEqual(["c", "a"]);
      expect(await idsOf(["none"])).toEqual([]);
      expect(await idsOf([])).toEqual([]);
    });

    test("6: a failure in the middle of a get is an error, without any event", async () => {
      const { put, get, faults } = await store();
      await put({ id: "a" }, { id: "b" });
      faults.payloadsAt = away;
      await expectFailure(get(["a", "b"]), "INTERNAL", "unknown_error");
    });

    test("7: a get past its deadline ends with that", async () => {
      const { put, get, faults } = await store();
      await put({ id: "a" });
      faults.payloadsAt = () => new Promise(() => {});
      await expectFailure(get(["a"], { deadline: Date.now() + 50 }), "DEADLINE_EXCEEDED", undefined);
    });

    test("8: a delete counts those that were there", async () => {
      const { put, remove, idsOf, netlog } = await store();
      await put({ id: "a" }, { id: "b" }, { id: "c" });
      expect(await remove("a", "none", "b", "a")).toBe(2);
      expect(await idsOf(["a", "b", "c"])).toEqual(["c"]);
      const end = netlog.topic("messages").readableEnd;
      expect(await remove("a", "b")).toBe(0);
      expect(netlog.topic("messages").readableEnd).toBe(end);
      expect(await put({ id: "a", source: "again" })).toBe(1);
      expect(await idsOf(["a"])).toEqual(["a"]);
    });

    test("9: a failure in the middle of a delete is an error", async () => {
      const { put, remove, idsOf, faults } = await store();
      await put({ id: "a" });
      faults.append = away;
      await expectFailure(remove("a"), "INTERNAL", "unknown_error");
      expect(await idsOf(["a"])).toEqual(["a"]);
    });

    test("11: health tells of the whole and of both services, and follows the view", async () => {
      const { client, runner } = await store();
      const ask = async (service: string) => (await client.call(Health.method.check, { service })).status;
      await expect.poll(() => ask("")).toBe(Serving.SERVING);
      expect([await ask(Service.typeName), await ask(Cleaner.typeName)]).toEqual([
        Serving.SERVING,
        Serving.SERVING,
      ]);
      await runner.stop();
      expect(await ask("")).toBe(Serving.NOT_SERVING);
    });

    test("12: what is too old is hidden, then cleaned, once; what is not stays", async () => {
      const { put, clean, idsOf, runtime, runner } = await store({
        variables: { DB_RETENTION_PERIOD: "1s" },
      });
      await put({ id: "a" }, { id: "b" });
      runtime.setClock(runtime.now() + 2000);
      await put({ id: "c" });
      expect(await idsOf(["a", "b", "c"])).toEqual(["c"]);
      expect(await clean()).toBe(2);
      expect(await clean()).toBe(0);
      expect(await idsOf(["a", "b", "c"])).toEqual(["c"]);
      await expect.poll(async () => (await runner.status()).rows).toBe(1);
    });

    test("13: an event comes back in the bytes that it was put in, with a field that nobody knows", async () => {
      const { client } = await store();
      // The id behind it, and attributes in an order that no library writes.
      const bytes = Buffer.concat([
        Buffer.from("9a06" + "03" + "616263", "hex"),
        eventBytes({ source: "s", attributes: { b: { attr: { case: "ceInteger", value: 1 } } } }),
        eventBytes({ id: "a", attributes: { a: { attr: { case: "ceBoolean", value: true } } } }),
      ]);
      await callInBytes(client, "PutBatch", joinEvents([bytes]));
      expect(await callInBytes(client, "GetBatch", Buffer.from("0a0161", "hex"))).toEqual(
        joinEvents([bytes]),
      );
    });

    test("14: all kinds of data and of attributes come back", async () => {
      const { put, get } = await store();
      const attributes: EventInit["attributes"] = {
        boolean: { attr: { case: "ceBoolean", value: true } },
        integer: { attr: { case: "ceInteger", value: -5 } },
        string: { attr: { case: "ceString", value: "ы" } },
        bytes: { attr: { case: "ceBytes", value: Buffer.from("ff00", "hex") } },
        uri: { attr: { case: "ceUri", value: "https://e.example" } },
        ref: { attr: { case: "ceUriRef", value: "/a" } },
        time: { attr: { case: "ceTimestamp", value: timestampFromMs(1_688_426_450_520) } },
      };
      const events: EventInit[] = [
        { id: "none", attributes },
        { id: "binary", data: { case: "binaryData", value: Buffer.from("00ff", "hex") } },
        { id: "text", data: { case: "textData", value: "текст" } },
        { id: "proto", data: { case: "protoData", value: anyPack(TimestampSchema, timestampFromMs(5)) } },
      ];
      expect(await put(...events)).toBe(4);
      const got = await get(events.map(({ id }) => id ?? ""));
      expect(got.map((event) => Buffer.from(toBinary(CloudEventSchema, event)))).toEqual(
        events.map(eventBytes),
      );
    });

    test("16: a stop between the append and the index loses nothing and doubles nothing", async () => {
      const { put, get, runner, netlog } = await store();
      await put({ id: "a" });
      await runner.stop();
      await expectFailure(put({ id: "b", source: "1" }), "INTERNAL", "unknown_error");
      expect(netlog.topic("messages").readableEnd).toBe(2);
      // The client sends it again before the index knows of it.
      await expectFailure(put({ id: "b", source: "2" }), "INTERNAL", "unknown_error");
      runner.start();
      const next = async () => (await runner.status()).topics[0]?.next;
      await within("the rest", expect.poll(next).toBe(3));
      expect(await put({ id: "b", source: "3" })).toBe(1);
      expect((await get(["a", "b"])).map(({ source }) => source)).toEqual(["", "1"]);
      expect((await runner.status()).rows).toBe(2);
    });

    test("17: two clients put the same id at once: both are acknowledged, and there is one", async () => {
      const { put, get, runner } = await store();
      const puts = Array.from({ length: 16 }, (_, number) =>
        put({ id: "a", source: `${number}` }, { id: `${number}` }),
      );
      expect(new Set(await Promise.all(puts))).toEqual(new Set([2]));
      expect((await runner.status()).rows).toBe(17);
      expect(await get(["a"])).toEqual(await get(["a"]));
    });

    test("18: a request that is too large, and an answer that would be, are RESOURCE_EXHAUSTED", async () => {
      const { put, get, client } = await store({ variables: { ANSWER_BYTES: String(2 * MiB) } });
      const big = { data: { case: "binaryData" as const, value: Buffer.alloc(1.2 * MiB, 1) } };
      const sent = [1, 2, 3, 4].map((number) => ({ id: `${number}`, ...big }));
      await expectFailure(put(...sent), "RESOURCE_EXHAUSTED", "payload_too_large");
      expect(await put(...sent.slice(0, 2))).toBe(2);
      expect(await get(["1"])).toHaveLength(1);
      const failure = await expectFailure(get(["1", "2"]), "RESOURCE_EXHAUSTED", "payload_too_large");
      expect(failure.details).toContain("ask for fewer");
      const ids = Array.from({ length: 1001 }, (_, number) => `${number}`);
      await expectFailure(client.call(getBatch, { ids }), "INVALID_ARGUMENT", "bad_request");
      await expectFailure(
        client.call(deleteBatch, { ids: ["x".repeat(5 * MiB)] }),
        "RESOURCE_EXHAUSTED",
        "payload_too_large",
      );
    });
  });

  test("events lie in the log in parts that are quick to read, and that are not too many", async () => {
    const { put, faults, netlog } = await store();
    const real = new LocalLogReader(netlog);
    let parts: number[] = [];
    faults.append = async (topic, messages, signal) => {
      parts.push(messages.reduce((sum, { payload }) => sum + payload.length, 0));
      return await real.append(topic, messages, signal);
    };
    const putMany = async (count: number, sizeBytes: number) => {
      parts = [];
      const value = Buffer.alloc(sizeBytes);
      const events = Array.from({ length: count }, (_, place) => ({ id: `${count}/${place}` }));
      expect(
        await put(...events.map(({ id }) => ({ id, data: { case: "binaryData" as const, value } }))),
      ).toBe(count);
    };
    await putMany(64, 1000);
    expect(parts.length).toBe(4);
    expect(Math.max(...parts)).toBeLessThanOrEqual(16 * 1024);
    await putMany(900, 4000);
    expect(parts.length).toBeLessThanOrEqual(17);
  });

  test("an event larger than the log takes ends what is acknowledged, or is RESOURCE_EXHAUSTED", async () => {
    const { put, idsOf, netlog } = await store({ limits: { payloadBytes: 1000, batchBytes: 5000 } });
    const of = (id: string, sizeBytes: number): EventInit => ({
      id,
      data: { case: "binaryData", value: Buffer.alloc(sizeBytes) },
    });
    expect(await put({ id: "a" }, { id: "b" }, of("large", 2000), { id: "c" })).toBe(2);
    expect(await idsOf(["a", "b", "large", "c"])).toEqual(["a", "b"]);
    const failure = await expectFailure(
      put(of("large", 2000), { id: "c" }),
      "RESOURCE_EXHAUSTED",
      "payload_too_large",
    );
    expect(failure.details).toContain("a payload has at most 1000 bytes");
    expect(netlog.topic("messages").readableEnd).toBe(2);
    // Nothing is wrong with one of these: only their batch is too large.
    const many = Array.from({ length: 20 }, (_, number) => of(`${number}`, 500));
    expect(await put(...many)).toBe(20);
    expect(await idsOf(many.map(({ id = "" }) => id))).toHaveLength(20);
  });

  test("an event that is too old may be put again, and a rebuild gives the same", async () => {
    const { put, get, remove, runtime, runner, netlog } = await store();
    await put({ id: "a", source: "old" }, { id: "b" }, { id: "c" });
    runtime.setClock(runtime.now() + RETENTION_MS + 1);
    expect(await put({ id: "a", source: "new" })).toBe(1);
    expect((await get(["a", "b"])).map(({ source }) => source)).toEqual(["new"]);
    // What is too old is not there to be removed.
    expect(await remove("b", "a")).toBe(1);
    await put({ id: "a", source: "newest" });
    const sources = async () => (await get(["a", "b", "c"])).map(({ source }) => source);
    expect(await sources()).toEqual(["newest"]);
    const before = await opened.database.reads("messages").query("SELECT * FROM messages ORDER BY id");
    await runner.rebuild({ forgetsOlder: false, onProgress: () => {}, signal: SIGNAL });
    expect(await opened.database.reads("messages").query("SELECT * FROM messages ORDER BY id")).toEqual(
      before,
    );
    expect(await sources()).toEqual(["newest"]);
    expect(netlog.topic("messages").readableEnd).toBe(6);
  });

  test("an id that was cleaned may be put again, and a rebuild gives the same", async () => {
    const { put, get, clean, runtime, runner } = await store();
    await put({ id: "a", source: "old" });
    runtime.setClock(runtime.now() + RETENTION_MS + 1);
    expect(await clean()).toBe(1);
    await put({ id: "a", source: "new" });
    await runner.rebuild({ forgetsOlder: false, onProgress: () => {}, signal: SIGNAL });
    expect((await get(["a"])).map(({ source }) => source)).toEqual(["new"]);
    expect(await clean()).toBe(0);
  });

  test("what another topic of the name has at an event's offset is not taken for it", async () => {
    const { put, idsOf, netlog, runner } = await store();
    await put({ id: "a" });
    await netlog.deleteTopic("messages", { force: true });
    await expect.poll(() => netlog.hasTopic("messages")).toBe(true);
    await put({ id: "b" });
    expect(await idsOf(["a", "b"])).toEqual(["b"]);
    expect(await put({ id: "a" })).toBe(1);
    await within("the new one", expect.poll(() => idsOf(["a", "b"])).toEqual(["a", "b"]));
    expect((await runner.status()).rows).toBe(2);
  });
});
