/** The port itself: when it is loaded, TLS, health, reflection, figures, how it ends. */
import { spawnSync } from "node:child_process";
import { cpSync, readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { credentials, type ServiceError, status as Status } from "@grpc/grpc-js";
import { expect, onTestFinished, test } from "vitest";
import { encodeFields } from "../../../lib/message/fields.ts";
import {
  Health,
  HealthCheckResponse_ServingStatus as Serving,
} from "../../../server/grpc/generated/grpc/health/v1/health_pb.ts";
import {
  type ServerReflectionRequest,
  ServerReflectionRequestSchema,
  ServerReflectionResponseSchema,
} from "../../../server/grpc/generated/grpc/reflection/v1/reflection_pb.ts";
import { Log, MessageSchema, ReadResponseSchema } from "../../../server/grpc/generated/netlog/v1/log_pb.ts";
import { MessageRecords } from "../../../server/grpc/log/message-records.ts";
import { HeldMemory } from "../../../server/http/held-memory.ts";
import { Share, Shares } from "../../../server/http/share.ts";
import { LIMITS } from "../../../server/index.ts";
import { testCertificate } from "../../support/certificate.ts";
import { within } from "../../support/deadline.ts";
import { PROJECT_ROOT } from "../../support/project-files.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { testToken } from "../auth/tokens-fixture.ts";
import { clientForTest, expectFailure, type GrpcClient, grpcForTest } from "./grpc-fixture.ts";

const { createTopic, listTopics, tail } = Log.method;

test("the generated code is what buf makes of the protos", () => {
  const folder = temporaryFolder();
  const source = `${PROJECT_ROOT}server/grpc`;
  for (const name of ["buf.yaml", "buf.gen.yaml", "proto"]) {
    cpSync(join(source, name), join(folder, name), { recursive: true });
  }
  const bin = `${PROJECT_ROOT}node_modules/.bin`;
  const { status, stderr } = spawnSync(`${bin}/buf`, ["generate"], {
    cwd: folder,
    env: { PATH: `${bin}:${process.env.PATH ?? ""}`, HOME: folder },
    encoding: "utf8",
  });
  expect(stderr).toBe("");
  expect(status).toBe(0);
  const filesOf = (root: string): [string, string][] =>
    readdirSync(root, { recursive: true, encoding: "utf8" })
      .filter((path) => path.endsWith(".ts"))
      .toSorted()
      .map((path) => [path, readFileSync(join(root, path), "utf8")]);
  // npm run generate:grpc makes them anew.
  expect(filesOf(`${source}/generated`)).toEqual(filesOf(`${folder}/generated`));
});

test.each([
  "netlog/v1/log.proto",
  "api/grpc/service.proto",
  "api/grpc/cleaner/service.proto",
  "api/grpc/cloudevents/cloudevent.proto",
])("every field and method of %s is described", (file) => {
  const lines = readFileSync(`${PROJECT_ROOT}server/grpc/proto/${file}`, "utf8").split("\n");
  const bare = lines.filter((line, place) => {
    const isField = /^\s+(?:optional |repeated )?[\w.<>, ]+ \w+ = \d+;/.test(line);
    return (isField || /^\s+rpc /.test(line)) && !/^\s+\/\/ /.test(lines[place - 1] ?? "");
  });
  expect(bare).toEqual([]);
});

test("the bytes of a message are those that the library writes", () => {
  const memory = new HeldMemory(
    new Shares(new Share({ bytes: 1e6, waiting: 1, connections: 1, openCalls: 1 })),
    LIMITS,
  );
  const fields = { key: "ключ", contentType: "text/plain", headers: [["x-meta-a", "b"] as const] };
  const plain = { crc32: 0xdeadbeef, payload: Buffer.alloc(300, 1), fieldBytes: undefined };
  const messages = [
    { ...plain, offset: 0, timestampMs: 0 },
    { ...plain, offset: 2 ** 53 - 1, timestampMs: 1_763_684_879_023, delivery: 200 },
    { ...plain, offset: 128, timestampMs: 127, fieldBytes: encodeFields(fields), payload: Buffer.from("a") },
  ];
  const records = new MessageRecords({ maxMessages: 10, maxBytes: 1e6 }, memory);
  for (const message of messages) expect(records.take(message, message.offset % 100)).toBe(true);
  const sent = messages.map(({ offset, timestampMs, crc32, payload, ...more }, place) =>
    create(MessageSchema, {
      offset: BigInt(offset),
      timestampMs: BigInt(timestampMs),
      crc32,
      payload,
      delivery: "delivery" in more ? more.delivery : 0,
      skipped: BigInt(offset % 100),
      ...(place === 2 ? { ...fields, headers: Object.fromEntries(fields.headers) } : {}),
    }),
  );
  const expected = toBinary(ReadResponseSchema, create(ReadResponseSchema, { messages: sent }));
  expect(records.pack(new Uint8Array()).bytes).toEqual(Buffer.from(expected));
});

test("TLS is spoken with the server's certificate, and with the next one", async () => {
  const certificate = await testCertificate();
  const { server } = await grpcForTest({ server: { certificate } });
  const trusting = (cert: string): GrpcClient =>
    clientForTest(server.grpcPort, credentials.createSsl(Buffer.from(cert)));
  const old = trusting(certificate.cert);
  await old.call(createTopic, { topic: "t" });
  const next = await testCertificate();
  server.replaceCertificate(next);
  expect((await trusting(next.cert).call(listTopics, {})).topics).toEqual(["t"]);
  expect((await old.call(listTopics, {})).topics).toEqual(["t"]);
  await expectFailure(trusting(certificate.cert).call(listTopics, {}), "UNAVAILABLE", undefined);
});

test("with an authority of clients, TLS refuses those that have no certificate of it", async () => {
  const certificate = await testCertificate();
  const own = await testCertificate();
  const { server } = await grpcForTest({ server: { certificate: { ...certificate, clientCa: own.cert } } });
  const clientWith = (...pair: Buffer[]): GrpcClient =>
    clientForTest(server.grpcPort, credentials.createSsl(Buffer.from(certificate.cert), ...pair));
  await clientWith(Buffer.from(own.key), Buffer.from(own.cert)).call(listTopics, {});
  await expectFailure(clientWith().call(listTopics, {}), "UNAVAILABLE", undefined);
});

test("health says that the log serves, needs no token, and sees the server stop", async () => {
  const token = testToken(["*"], ["read"]);
  const { grpc, server } = await grpcForTest({ server: { tokens: [token.record] } });
  for (const service of ["", "netlog.v1.Log"]) {
    expect((await grpc.call(Health.method.check, { service })).status).toBe(Serving.SERVING);
  }
  await expectFailure(grpc.call(Health.method.check, { service: "x" }), "NOT_FOUND", "not_found");
  const watch = grpc.stream(Health.method.watch, {});
  const seen: Serving[] = [];
  const ended = new Promise((resolve) => watch.on("end", resolve));
  watch.on("error", () => {});
  await new Promise<void>((resolve) => {
    watch.on("data", ({ status }) => {
      seen.push(status);
      resolve();
    });
  });
  const stopped = server.stop();
  await within("the end of the watch", ended);
  await within("the end of the server", stopped);
  expect(seen).toEqual([Serving.SERVING, Serving.NOT_SERVING]);
});

/** One question to reflection. */
async function reflect(
  { client }: GrpcClient,
  messageRequest: ServerReflectionRequest["messageRequest"],
  version = "v1",
) {
  const call = client.makeBidiStreamRequest(
    `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`,
    (bytes: Uint8Array) => Buffer.from(bytes),
    (bytes) => fromBinary(ServerReflectionResponseSchema, bytes),
  );
  onTestFinished(() => call.cancel());
  call.write(
    toBinary(ServerReflectionRequestSchema, create(ServerReflectionRequestSchema, { messageRequest })),
  );
  call.end();
  const answers = await within("the answer", call.toArray());
  return answers.map(({ messageResponse }) => messageResponse)[0]!;
}

test.each(["v1", "v1alpha"])(
  "reflection %s tells the services, and their files with what these need",
  async (version) => {
    const { grpc } = await grpcForTest();
    const services = await reflect(grpc, { case: "listServices", value: "" }, version);
    expect(services.value).toMatchObject({
      service: [
        { name: "netlog.v1.Log" },
        { name: "grpc.health.v1.Health" },
        { name: "grpc.reflection.v1.ServerReflection" },
      ],
    });
    for (const value of [
      "netlog.v1.Log",
      "netlog.v1.Log.Publish",
      "netlog.v1.Topic",
      "netlog.v1.Durability",
    ]) {
      const { case: kind, value: found } = await reflect(
        grpc,
        { case: "fileContainingSymbol", value },
        version,
      );
      expect(kind, value).toBe("fileDescriptorResponse");
      const [file] = (found as { fileDescriptorProto: Uint8Array[] }).fileDescriptorProto;
      expect(fromBinary(FileDescriptorProtoSchema, file!).name).toBe("netlog/v1/log.proto");
    }
    const none = await reflect(grpc, { case: "fileByFilename", value: "none.proto" }, version);
    expect(none.value).toMatchObject({ errorCode: Status.NOT_FOUND });
  },
);

test("calls are counted by method and status", async () => {
  const { grpc, api } = await grpcForTest();
  await grpc.call(createTopic, { topic: "t" });
  await expectFailure(grpc.call(createTopic, { topic: "t" }), "ALREADY_EXISTS", "topic_exists");
  const metrics = (await api.get("/-/metrics")).text;
  for (const status of ["OK", "ALREADY_EXISTS"]) {
    expect(metrics).toContain(
      `netlog_grpc_calls_total{method="/netlog.v1.Log/CreateTopic",status="${status}"} 1\n`,
    );
  }
});

test("a server that stops ends a tail so that its client resumes, and what waits", async () => {
  const { grpc, server } = await grpcForTest();
  await grpc.call(createTopic, { topic: "t" });
  await grpc.call(Log.method.createScanner, { topic: "t", id: "s" });
  const stream = grpc.stream(tail, { topic: "t" }).resume();
  const failed = new Promise<ServiceError>((resolve) =>
    stream.on("error", resolve as (error: Error) => void),
  );
  const scan = grpc.call(Log.method.scan, { topic: "t", id: "s", waitMs: 60_000n });
  const refused = expectFailure(scan, "UNAVAILABLE", "shutting_down");
  // Behind both on the same connection.
  await grpc.call(listTopics, {});
  await within("the end of the server", server.stop());
  await refused;
  await expectFailure(
    failed.then((error) => Promise.reject(error)),
    "UNAVAILABLE",
    "shutting_down",
  );
});

test("a server that serves no gRPC loads nothing of it", () => {
  const seen = new Set<string>();
  const load = (path: string): void => {
    if (seen.has(path)) return;
    seen.add(path);
    const text = readFileSync(`${PROJECT_ROOT}${path}`, "utf8");
    for (const [, from = ""] of text.matchAll(
      /^(?:import|export) (?!type )(?:[^"';=]*? from )?"([^"]+)";/gm,
    )) {
      if (from.startsWith(".")) load(posix.join(posix.dirname(path), from));
      else seen.add(from);
    }
  };
  load("cmd/main.ts");
  load("cmd/serve/serve.ts");
  expect(seen).toContain("server/index.ts");
  expect([...seen].filter((path) => /grpc|protobuf/.test(path))).toEqual([]);
});
