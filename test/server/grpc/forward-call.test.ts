/** Calls for topics of another server: they go there, and their answers, statuses and ends come back. */
import type { ClientReadableStream } from "@grpc/grpc-js";
import { expect, onTestFinished, test } from "vitest";
import type { Neighbours } from "../../../lib/index.ts";
import { Log, type TailResponse } from "../../../server/grpc/generated/netlog/v1/log_pb.ts";
import type { Limits, TokenRecord } from "../../../server/index.ts";
import { CutRelay } from "../../support/cut-relay.ts";
import { within } from "../../support/deadline.ts";
import { freePort } from "../../support/free-port.ts";
import { NO_NEIGHBOURS } from "../../support/no-neighbours.ts";
import { testToken } from "../auth/tokens-fixture.ts";
import { expectFailure, type GrpcFixture, grpcForTest, texts, trailer } from "./grpc-fixture.ts";

const { publish, read, tail, createTopic, createScanner, scan, ack, getTopic, deleteTopic } = Log.method;

interface Front extends GrpcFixture {
  /** Origins that calls got no answer from. */
  readonly suspects: string[];
  /** The other server is gone. */
  bury(): void;
}

/** All topics are at `grpcUrl`. */
async function frontOf(
  grpcUrl: string | undefined,
  given: { limits?: Partial<Limits>; tokens?: readonly TokenRecord[] } = {},
): Promise<Front> {
  const url = "http://other:1";
  const suspects: string[] = [];
  let hear: (url: string) => void = () => {};
  const neighbours: Neighbours = {
    ...NO_NEIGHBOURS,
    ownerOf: () => Promise.resolve(url),
    grpcOf: () => grpcUrl,
    suspect: (each) => void suspects.push(each),
    watchGone: (listener) => {
      hear = listener;
      return () => {};
    },
  };
  const { limits = {}, tokens } = given;
  const fixture = await grpcForTest({ neighbours, limits, server: { tokens } });
  return { ...fixture, suspects, bury: () => hear(url) };
}

async function pair(tokens?: readonly TokenRecord[]): Promise<[Front, GrpcFixture]> {
  const owner = await grpcForTest({ server: { tokens } });
  const front = await frontOf(urlOf(owner), tokens === undefined ? {} : { tokens });
  return [front, owner];
}

/** Calls that use a topic. */
function usesOf({ netlog }: GrpcFixture, name: string): { now: number; most: number } {
  const { life } = netlog.topic(name);
  const uses = { now: 0, most: 0 };
  const [begin, end] = [life.beginUse.bind(life), life.endUse.bind(life)];
  life.beginUse = () => {
    uses.now += 1;
    uses.most = Math.max(uses.most, uses.now);
    begin();
  };
  life.endUse = () => {
    uses.now -= 1;
    end();
  };
  return uses;
}

function urlOf({ server }: GrpcFixture): string {
  return `http://127.0.0.1:${server.grpcPort}`;
}

async function firstOf(stream: ClientReadableStream<TailResponse>): Promise<string[]> {
  const message = await within(
    "the first answer of a tail",
    new Promise<TailResponse>((resolve, reject) => {
      stream.once("data", resolve);
      stream.once("error", reject);
    }),
  );
  return texts(message.messages);
}

function endOf(stream: ClientReadableStream<TailResponse>): Promise<unknown> {
  stream.resume();
  return within(
    "the end of a tail",
    new Promise((resolve, reject) => {
      stream.once("end", resolve);
      stream.once("error", reject);
    }),
  );
}

test("a call for a topic of another server does there what it asks for", async () => {
  const [front, owner] = await pair();
  await front.grpc.call(createTopic, { topic: "orders" });
  expect(await front.grpc.publish("orders", "a", "b")).toBe(0);
  expect(owner.netlog.topicNames()).toEqual(["orders"]);
  expect(front.netlog.serves("orders")).toBe(false);
  const { messages } = await front.grpc.call(read, { topic: "orders" });
  expect(texts(messages)).toEqual(["a", "b"]);

  await front.grpc.call(createScanner, { topic: "orders", id: "s", ack: true });
  const given = await front.grpc.call(scan, { topic: "orders", id: "s", waitMs: 1000n });
  const { lease } = given;
  expect(await front.grpc.call(ack, { topic: "orders", id: "s", lease })).toMatchObject({ settled: 1 });
});

test("a message of many MiB goes both ways", async () => {
  const [front] = await pair();
  const payload = Buffer.alloc(6 * 2 ** 20, "x");
  await front.grpc.call(createTopic, { topic: "large" });
  await front.grpc.call(publish, { topic: "large", message: { payload } });
  const { messages } = await front.grpc.call(read, {
    topic: "large",
    maxBytes: BigInt(payload.length + 1000),
  });
  expect(Buffer.from(messages[0]!.payload).equals(payload)).toBe(true);
});

test("a failure there keeps its status, words and trailers", async () => {
  const [front, owner] = await pair();
  const direct = await expectFailure(
    owner.grpc.call(getTopic, { topic: "nowhere" }),
    "NOT_FOUND",
    "topic_not_found",
  );
  const failure = await expectFailure(
    front.grpc.call(getTopic, { topic: "nowhere" }),
    "NOT_FOUND",
    "topic_not_found",
  );
  expect(failure.details).toBe(direct.details);
  await front.grpc.call(createTopic, { topic: "orders" });
  const message = { payload: Buffer.from("x") };
  const conflict = front.grpc.call(publish, { topic: "orders", message, terms: { expectedOffset: 7n } });
  expect(trailer(await expectFailure(conflict, "ABORTED", "offset_mismatch"), "x-next-offset")).toBe("0");
});

test("a tail brings what comes, ends there when its client leaves, and ends with its topic", async () => {
  const [front, owner] = await pair();
  await owner.netlog.createTopic("orders");
  const uses = usesOf(owner, "orders");
  const stream = front.grpc.stream(tail, { topic: "orders" });
  stream.on("error", () => {});
  await owner.grpc.publish("orders", "a");
  expect(await firstOf(stream)).toEqual(["a"]);
  expect(uses.now).toBe(1);
  stream.cancel();
  await expect.poll(() => uses.now).toBe(0);

  const other = front.grpc.stream(tail, { topic: "orders" });
  expect(await firstOf(other)).toEqual(["a"]);
  const ended = expectFailure(endOf(other), "NOT_FOUND", "topic_not_found");
  await front.grpc.call(deleteTopic, { topic: "orders" });
  await ended;
});

test("a deadline ends a call here and there", async () => {
  const [front, owner] = await pair();
  await owner.netlog.createTopic("orders");
  await front.grpc.call(createScanner, { topic: "orders", id: "s" });
  const uses = usesOf(owner, "orders");
  const late = front.grpc.call(
    scan,
    { topic: "orders", id: "s", waitMs: 60_000n },
    { deadline: Date.now() + 300 },
  );
  await expectFailure(late, "DEADLINE_EXCEEDED", undefined);
  expect(uses.most).toBe(1);
  await expect.poll(() => uses.now).toBe(0);
});

test("the token goes along, and the owner looks at it too", async () => {
  const { token, record } = testToken(["*"], ["read", "write", "admin"]);
  const owner = await grpcForTest({ server: { tokens: [{ ...record, rights: ["read"] }] } });
  const front = await frontOf(urlOf(owner), { tokens: [record] });
  await owner.netlog.createTopic("orders");
  const asked = { token };
  expect((await front.grpc.call(getTopic, { topic: "orders" }, asked)).topic?.name).toBe("orders");
  await expectFailure(front.grpc.call(getTopic, { topic: "orders" }), "UNAUTHENTICATED", "unauthorized");
  const message = { payload: Buffer.from("x") };
  await expectFailure(
    front.grpc.call(publish, { topic: "orders", message }, asked),
    "PERMISSION_DENIED",
    "forbidden",
  );
});

test("a call goes on once: two servers that each take the other one for the owner refuse it", async () => {
  let grpcUrl: string | undefined;
  const other = await grpcForTest({
    neighbours: { ...NO_NEIGHBOURS, ownerOf: () => "http://front:1", grpcOf: () => grpcUrl },
  });
  const front = await frontOf(urlOf(other));
  grpcUrl = urlOf(front);
  const failure = await expectFailure(
    front.grpc.call(getTopic, { topic: "orders" }),
    "UNAVAILABLE",
    "topic_unavailable",
  );
  expect(trailer(failure, "grpc-retry-pushback-ms")).toBe("1000");
});

test("an owner that cannot be reached, or speaks no gRPC, is UNAVAILABLE for a moment", async () => {
  const nobody = await frontOf(`http://127.0.0.1:${await freePort()}`);
  const silent = await frontOf(undefined);
  const message = { payload: Buffer.from("x") };
  for (const { grpc } of [nobody, silent]) {
    const call = grpc.call(publish, { topic: "orders", message });
    const failure = await expectFailure(call, "UNAVAILABLE", "topic_unavailable");
    expect(trailer(failure, "grpc-retry-pushback-ms")).toBe("1000");
  }
  expect(nobody.suspects).toEqual(["http://other:1"]);
});

test("a call ends when the owner cannot be reached any more", async () => {
  const owner = await grpcForTest();
  const relay = await CutRelay.start(owner.server.grpcPort!);
  onTestFinished(() => relay.end());
  const limits = { forwardProbeMs: 50, forwardAskMs: 200 };
  const front = await frontOf(`http://127.0.0.1:${relay.port}`, { limits });
  await owner.netlog.createTopic("orders");
  const stream = front.grpc.stream(tail, { topic: "orders" });
  await owner.grpc.publish("orders", "a");
  expect(await firstOf(stream)).toEqual(["a"]);
  relay.holdStill();
  const { details } = await expectFailure(endOf(stream), "UNAVAILABLE", "topic_unavailable");
  expect(details).toContain(
    `the server http://127.0.0.1:${relay.port}, which has the topic, does not answer`,
  );
});

test("an owner that dies leaves reads to be repeated, and a publish whose outcome nobody knows", async () => {
  const [front, owner] = await pair();
  await owner.netlog.createTopic("orders");
  const uses = usesOf(owner, "orders");
  // Its answer never comes: the log stands still.
  owner.netlog.topic("orders").publish = () => new Promise(() => {});
  const stream = front.grpc.stream(tail, { topic: "orders" });
  const ends = [
    expectFailure(endOf(stream), "UNAVAILABLE", "topic_unavailable"),
    expectFailure(
      front.grpc.call(publish, { topic: "orders", message: { payload: Buffer.from("x") } }),
      "UNAVAILABLE",
      "sync_failed",
    ),
  ];
  await expect.poll(() => uses.now).toBe(2);
  front.bury();
  const [, unknown] = await Promise.all(ends);
  expect(trailer(unknown!, "grpc-retry-pushback-ms")).toBe("-1");
});
