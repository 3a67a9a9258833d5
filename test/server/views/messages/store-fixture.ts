/** A log, the message store beside it, and a client of its port. */
import { fromBinary } from "@bufbuild/protobuf";
import type { ServiceError } from "@grpc/grpc-js";
import { expect, onTestFinished } from "vitest";
import { nodeRuntime } from "../../../../lib/index.ts";
import type { Database } from "../../../../lib/views/database/database.ts";
import type { LogReader } from "../../../../lib/views/index.ts";
import { ViewRunner } from "../../../../lib/views/view-runner.ts";
import { Service as Cleaner } from "../../../../server/grpc/generated/api/grpc/cleaner/service_pb.ts";
import {
  type CloudEvent,
  CloudEventSchema,
} from "../../../../server/grpc/generated/api/grpc/cloudevents/cloudevent_pb.ts";
import { Service } from "../../../../server/grpc/generated/api/grpc/service_pb.ts";
import { type Limits, type ServerOptions, startGrpcServer } from "../../../../server/index.ts";
import { messagesProgram } from "../../../../server/views/messages/program.ts";
import type { ViewSettings } from "../../../../server/views/view-program.ts";
import { within } from "../../../support/deadline.ts";
import { LineLogger } from "../../../support/netlog-fixture.ts";
import { type EventInit, eventBytes } from "../../../support/views/messages.ts";
import { type OpenReader, QUICK, READERS } from "../../../support/views/view-setup.ts";
import { type Asked, clientForTest, type GrpcClient } from "../../grpc/grpc-fixture.ts";
import { type ServerFixture, serverForTest } from "../../server-fixture.ts";

export interface StoreFixture extends ServerFixture {
  readonly port: number;
  readonly client: GrpcClient;
  readonly runner: ViewRunner;
  readonly storeLogger: LineLogger;
  /** Calls of the log by the store behave as these say; the view's own reads go on. */
  readonly faults: { append?: LogReader["append"]; payloadsAt?: LogReader["payloadsAt"] };
  put(...events: (EventInit | Buffer)[]): Promise<number>;
  get(ids: readonly string[], asked?: Asked): Promise<CloudEvent[]>;
  idsOf(ids: readonly string[]): Promise<string[]>;
  remove(...ids: string[]): Promise<number>;
  clean(): Promise<number>;
}

export interface StoreFixtureOptions {
  readonly variables?: Readonly<Record<string, string>>;
  /** What the store's port has beside the defaults. */
  readonly port?: Partial<ServerOptions>;
  /** Limits of the log. */
  readonly limits?: Partial<Limits>;
  /** In the log's process by default. */
  readonly openReader?: OpenReader;
}

/** The values of the program's variables, with those that are given. */
export function storeSettings(given: Readonly<Record<string, string>>): ViewSettings {
  const all = new Map(messagesProgram.variables.map(({ name, fallback }) => [name, fallback]));
  return {
    text(name) {
      const fallback = all.get(name);
      if (fallback === undefined) throw new TypeError(`the program has no ${name}`);
      return given[name] ?? fallback;
    },
    has: (name) => given[name] !== undefined,
    refusal: (name, allowed) => new Error(`${name} takes ${allowed}`),
  };
}

/** Its clock is the log's. Ended with the test. */
export async function storeForTest(
  database: Database,
  { variables = {}, port = {}, limits = {}, openReader = READERS["in process"] }: StoreFixtureOptions = {},
): Promise<StoreFixture> {
  const fixture = await serverForTest({ limits });
  const real = openReader(fixture);
  const faults: StoreFixture["faults"] = {};
  const log: LogReader = {
    topicNames: (...given) => real.topicNames(...given),
    watchTopics: (...given) => real.watchTopics(...given),
    bounds: (...given) => real.bounds(...given),
    read: (...given) => real.read(...given),
    createTopic: (...given) => real.createTopic(...given),
    append: (...given) => (faults.append ?? ((...same) => real.append(...same)))(...given),
    payloadsAt: (...given) => (faults.payloadsAt ?? ((...same) => real.payloadsAt(...same)))(...given),
  };
  const prepared = messagesProgram.prepare(storeSettings({ LISTEN: "127.0.0.1:0", ...variables }));
  const storeLogger = new LineLogger();
  const runtime = { ...nodeRuntime, now: () => fixture.runtime.now() };
  const runner = new ViewRunner({
    createView: (use) => prepared.createView(use),
    database,
    log,
    start: "beginning",
    limits: { ...QUICK, retentionMs: 20 },
    logger: storeLogger,
    runtime,
  });
  const surface = await prepared.listen({
    view: runner,
    logger: storeLogger,
    runtime,
    version: "1.2.3",
    consoleUrl: undefined,
    hasTokens: false,
    openPort: () => Promise.reject(new Error("the store speaks gRPC alone")),
    async openGrpcPort(options) {
      const opened = await startGrpcServer({ ...options, logger: storeLogger, ...port });
      return {
        name: options.name,
        url: opened.url,
        port: opened.port,
        stop: () => opened.stop({ graceMs: 0 }),
      };
    },
  });
  onTestFinished(async () => {
    await surface.stop();
    await runner.stop();
  });
  runner.start();
  const isBegun = async (): Promise<boolean> => (await runner.status()).topics[0]?.next !== undefined;
  await within("the beginning", expect.poll(isBegun).toBe(true));
  const { port: number = 0 } = surface.ports[0] ?? {};
  const client = clientForTest(number);
  const get: StoreFixture["get"] = async (ids, asked) =>
    (await client.call(Service.method.getBatch, { ids: [...ids] }, asked)).msgs;
  return {
    ...fixture,
    port: number,
    client,
    runner,
    storeLogger,
    faults,
    get,
    idsOf: async (ids) => (await get(ids)).map(({ id }) => id),
    async put(...events) {
      const msgs = events.map((event) =>
        fromBinary(CloudEventSchema, Buffer.isBuffer(event) ? event : eventBytes(event)),
      );
      return (await client.call(Service.method.putBatch, { msgs })).ackCount;
    },
    remove: async (...ids) => (await client.call(Service.method.deleteBatch, { ids })).ackCount,
    clean: async () => Number((await client.call(Cleaner.method.clean, {})).count),
  };
}

/** A unary call in bytes, past the library's messages. */
export function callInBytes(client: GrpcClient, method: string, request: Buffer): Promise<Buffer> {
  const same = (bytes: Buffer): Buffer => bytes;
  return new Promise((resolve, reject) => {
    client.client.makeUnaryRequest(
      `/awakari.messages.Service/${method}`,
      same,
      same,
      request,
      (error: ServiceError | null, answer?: Buffer) =>
        error === null ? resolve(answer as Buffer) : reject(error),
    );
  });
}
