/** The built program with the message store: clients that nobody here wrote, kills, and settings that it refuses. */
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { credentials } from "@grpc/grpc-js";
import { expect, onTestFinished, test } from "vitest";
import { Service as Cleaner } from "../../server/grpc/generated/api/grpc/cleaner/service_pb.ts";
import { Service } from "../../server/grpc/generated/api/grpc/service_pb.ts";
import {
  Health,
  HealthCheckResponse_ServingStatus as Serving,
} from "../../server/grpc/generated/grpc/health/v1/health_pb.ts";
import { clientForTest, expectFailure, type GrpcClient } from "../server/grpc/grpc-fixture.ts";
import {
  type BuiltServer,
  programForTest,
  runProgram,
  startBuiltServer,
  startServing,
} from "../support/built-program.ts";
import { testCertificate } from "../support/certificate.ts";
import { fillPgliteFolder } from "../support/pglite.ts";
import { codeBlocks, PROJECT_ROOT, projectText, section } from "../support/project-files.ts";
import { Shell } from "../support/shell.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

/** Debian's own: its packages are for no other. */
const PYTHON = "/usr/bin/python3";
const HAS_GRPCIO =
  spawnSync(PYTHON, ["-c", "import grpc, google.protobuf"], { stdio: "ignore" }).status === 0;
if (!HAS_GRPCIO) console.warn("SKIPPED: Python's client needs python3-grpcio and python3-protobuf");

const SERVE = ["--view", "messages", "--messages-listen", "127.0.0.1:0"];
const BIN = `${PROJECT_ROOT}node_modules/.bin`;
const MESSAGES = 10_000;
const BATCH = 64;
const LIVES = 2;

/** The payload of upstream's README. */
const README_EVENTS = {
  msgs: [
    ["3426d090-1b8a-4a09-ac9c-41f2de24d5ac", "Obi-Wan Kenobi", "2023-07-03T23:20:50.52Z"],
    ["3426d090-1b8a-4a09-ac9c-41f2de24d5ad", "Yoda", "2023-07-04T00:00:00Z"],
    ["3426d090-1b8a-4a09-ac9c-41f2de24d5ae", "Qui-Gon Jinn", "2023-07-05T01:02:03Z"],
  ].map(([id, subject, time]) => ({
    id,
    source: "example/uri",
    spec_version: "1.0",
    type: "example.type",
    attributes: { subject: { ce_string: subject }, time: { ce_timestamp: time } },
    text_data: `I'm ${subject}`,
  })),
};
const IDS = README_EVENTS.msgs.map(({ id }) => id as string);

interface Started {
  readonly server: BuiltServer;
  readonly port: number;
}

async function start(folder: string): Promise<Started> {
  const server = await startBuiltServer(folder, SERVE);
  onTestFinished(async () => {
    await server.kill();
  });
  const { port } = await server.logged("the gRPC of messages listens");
  return { server, port: Number(port) };
}

async function newFolder(): Promise<string> {
  const folder = temporaryFolder();
  await fillPgliteFolder(join(folder, ".views"));
  return folder;
}

async function isServing(grpc: GrpcClient): Promise<boolean> {
  const { status } = await grpc.call(Health.method.check, {});
  return status === Serving.SERVING;
}

test("10 and 11: clients that ask by reflection put three events, get them, and delete them", async () => {
  const { server, port } = await start(await newFolder());
  await expect.poll(() => isServing(clientForTest(port))).toBe(true);
  const environment = { PATH: `${BIN}:${process.env.PATH ?? ""}`, HOME: temporaryFolder() };
  const run = (...args: string[]): string => {
    const { stdout, stderr, status } = spawnSync("buf", args, { env: environment, encoding: "utf8" });
    expect([status, stderr]).toEqual([0, ""]);
    return stdout;
  };
  const curl = ["curl", "--protocol", "grpc", "--http2-prior-knowledge"];
  const buf = (method: string, request: object): unknown =>
    JSON.parse(run(...curl, `http://127.0.0.1:${port}/${method}`, "-d", JSON.stringify(request)));
  expect(
    run(...curl, "--list-services", `http://127.0.0.1:${port}`)
      .trim()
      .split("\n"),
  ).toEqual([
    "awakari.messages.Service",
    "awakari.messages.cleaner.Service",
    "grpc.health.v1.Health",
    "grpc.reflection.v1.ServerReflection",
  ]);
  const of = (method: string): string => `awakari.messages.Service/${method}`;
  expect(buf(of("PutBatch"), README_EVENTS)).toEqual({ ackCount: 3 });
  expect(buf(of("GetBatch"), { ids: IDS })).toMatchObject({
    msgs: README_EVENTS.msgs.map(({ id, attributes, text_data: textData }) => ({
      id,
      textData,
      attributes: { subject: { ceString: attributes.subject.ce_string }, time: {} },
    })),
  });
  expect(buf(of("DeleteBatch"), { ids: IDS })).toEqual({ ackCount: 3 });
  expect(buf(of("GetBatch"), { ids: IDS })).toEqual({});
  expect(buf(of("DeleteBatch"), { ids: IDS })).toEqual({});
  expect(buf("awakari.messages.cleaner.Service/Clean", {})).toEqual({});
  expect(await (await fetch(`${server.url}/-/metrics`)).text()).toContain(
    'netlog_grpc_calls_total{view="messages",method="/awakari.messages.Service/DeleteBatch",status="OK"} 2\n',
  );

  if (HAS_GRPCIO) {
    const descriptors = join(temporaryFolder(), "reflection.binpb");
    const protos = `${PROJECT_ROOT}server/grpc`;
    run("build", protos, "--path", `${protos}/proto/grpc/reflection`, "-o", descriptors);
    const script = `${PROJECT_ROOT}test/process/messages-client.py`;
    const input = JSON.stringify(README_EVENTS);
    const python = spawnSync(PYTHON, [script, String(port), descriptors], { encoding: "utf8", input });
    expect(python.stderr).toBe("");
    expect(JSON.parse(python.stdout)).toEqual({
      put: 3,
      same: true,
      got: README_EVENTS.msgs.map(({ id, attributes, text_data: text }) => [
        id,
        attributes.subject.ce_string,
        text,
      ]),
      deleted: [3, 0],
      left: 0,
    });
  }

  const [block = ""] = codeBlocks(section(projectText("server/README.md"), "Views"), "sh");
  const [, ...calls] = block
    .replace("localhost:50051", `localhost:${port}`)
    .trim()
    .split("\n")
    .filter(Boolean);
  const shell = new Shell();
  await shell.run(`export PATH="${BIN}:$PATH" HOME="${temporaryFolder()}"`);
  const answers: unknown[] = [];
  for (const call of calls) answers.push(await shell.run(call));
  expect(answers.slice(1).map((answer) => JSON.parse(String(answer)))).toMatchObject([
    { ackCount: 1 },
    { msgs: [{ id: "a", textData: "hi" }] },
    { ackCount: 1 },
    {},
  ]);
});

test("15 and 16: what was acknowledged is there once, over kills at any moment and a rebuild", async () => {
  const folder = await newFolder();
  const acknowledged = new Set<string>();
  let { server, port } = await start(folder);
  const batches = Array.from({ length: Math.ceil(MESSAGES / BATCH) }, (_, batch) =>
    Array.from(
      { length: Math.min(BATCH, MESSAGES - batch * BATCH) },
      (_, place) => `${batch * BATCH + place}`,
    ),
  );
  for (let life = 0; life < LIVES; life += 1) {
    const grpc = clientForTest(port);
    await expect.poll(() => isServing(grpc)).toBe(true);
    const left = batches.filter((ids) => !acknowledged.has(ids[0] ?? ""));
    const mine = life === LIVES - 1 ? left : left.slice(0, Math.ceil(left.length / 2));
    let isKilled = false;
    const put = async (ids: readonly string[]): Promise<void> => {
      try {
        const { ackCount } = await grpc.call(Service.method.putBatch, { msgs: ids.map((id) => ({ id })) });
        for (const id of ids.slice(0, ackCount)) acknowledged.add(id);
      } catch (error) {
        if (!isKilled) throw error;
      }
    };
    const puts = mine.map((ids, place) => put(ids).then(() => place));
    if (life < LIVES - 1) {
      // With the others under way.
      await puts[Math.floor(puts.length / 2)];
      isKilled = true;
      await server.kill();
    }
    await Promise.all(puts);
    if (life < LIVES - 1) ({ server, port } = await start(folder));
  }
  expect(acknowledged.size).toBe(MESSAGES);
  await server.kill();
  ({ server, port } = await start(folder));
  const grpc = clientForTest(port);
  await expect.poll(() => isServing(grpc)).toBe(true);
  const all = async (): Promise<string[]> => {
    const got: string[] = [];
    for (const ids of batches) {
      const { msgs } = await grpc.call(Service.method.getBatch, { ids });
      got.push(...msgs.map(({ id }) => id));
    }
    return got;
  };
  expect(await all()).toEqual(batches.flat());
  const rowsOf = async () =>
    ((await (await fetch(`${server.url}/-/views`)).json()) as { rows: number }[])[0]?.rows;
  await expect.poll(rowsOf).toBe(MESSAGES);
  const rebuilt = await runProgram(["view", "rebuild", "messages"], {
    environment: { NETLOG_URL: server.url },
  });
  expect(rebuilt.status).toBe(0);
  expect([await rowsOf(), await all()]).toEqual([MESSAGES, batches.flat()]);
  expect((await server.stop()).status).toBe(0);
});

test("a store alone, with TLS, keeps its events in the log of a server, which may be away for a while", async () => {
  const folder = temporaryFolder();
  const log = await startBuiltServer(folder);
  onTestFinished(async () => void (await log.kill()));
  const views = temporaryFolder();
  await fillPgliteFolder(views);
  const { cert, key } = await testCertificate();
  const files = [join(folder, "cert.pem"), join(folder, "key.pem")] as const;
  writeFileSync(files[0], cert);
  writeFileSync(files[1], key);
  const args = [
    "view",
    "messages",
    "--log",
    log.url,
    "--views-dir",
    views,
    "--messages-listen",
    "127.0.0.1:0",
  ];
  const view = programForTest([...args, "--tls-cert", files[0], "--tls-key", files[1]]);
  const [, port] = await view.printed(/the gRPC of messages listens on 127\.0\.0\.1:(\d+)/);
  const grpc = clientForTest(Number(port), credentials.createSsl(Buffer.from(cert)));
  await expect.poll(() => isServing(grpc)).toBe(true);
  const put = async (...ids: string[]): Promise<number> =>
    (await grpc.call(Service.method.putBatch, { msgs: ids.map((id) => ({ id })) })).ackCount;
  const get = async (...ids: string[]): Promise<string[]> =>
    (await grpc.call(Service.method.getBatch, { ids })).msgs.map(({ id }) => id);
  expect(await put("a", "b", "c")).toBe(3);
  expect(await get("c", "none", "a")).toEqual(["c", "a"]);
  expect((await grpc.call(Service.method.deleteBatch, { ids: ["b", "none"] })).ackCount).toBe(1);
  expect(await get("a", "b", "c")).toEqual(["a", "c"]);
  expect((await grpc.call(Cleaner.method.clean, {})).count).toBe(0n);
  await log.kill();
  await expectFailure(put("d"), "INTERNAL", "unknown_error");
  const back = await startServing(["serve", "--listen", `127.0.0.1:${log.port}`, "--dir", folder]);
  onTestFinished(async () => void (await back.kill()));
  await expect.poll(() => put("d").catch(() => 0)).toBe(1);
  view.signal("SIGTERM");
  expect((await view.ended()).status).toBe(0);
});

test("19: what a setting cannot be is refused before anything starts", async () => {
  const folder = temporaryFolder();
  const refusalOf = async (environment: Record<string, string>, ...more: string[]) => {
    const args = ["serve", "--dir", join(folder, "data"), "--view", "messages", ...more];
    const { status, stderr } = await runProgram(args, { environment });
    return [status, stderr.trim()];
  };
  expect(await refusalOf({ DB_RETENTION_PERIOD: "a week" })).toEqual([
    2,
    expect.stringContaining(
      'DB_RETENTION_PERIOD: "a week" is not allowed; it takes a duration of up to 876000h',
    ),
  ]);
  expect(await refusalOf({ NETLOG_MESSAGES_LISTEN: "50051" })).toEqual([
    2,
    expect.stringContaining("NETLOG_MESSAGES_LISTEN"),
  ]);
  expect(await refusalOf({}, "--listen", "127.0.0.1:0", "--messages-listen", "0.0.0.0:0")).toEqual([
    2,
    expect.stringContaining("others can reach 0.0.0.0:0, and there are no tokens"),
  ]);
});
