/** The built server over gRPC: clients that nobody here wrote, and kills. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { Log, type TailResponse } from "../../server/grpc/generated/netlog/v1/log_pb.ts";
import { clientForTest, type GrpcClient, texts } from "../server/grpc/grpc-fixture.ts";
import { type BuiltServer, startBuiltServer } from "../support/built-program.ts";
import { within } from "../support/deadline.ts";
import { PROJECT_ROOT } from "../support/project-files.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

/** Debian's own: its packages are for no other. */
const PYTHON = "/usr/bin/python3";
const HAS_GRPCIO =
  spawnSync(PYTHON, ["-c", "import grpc, google.protobuf"], { stdio: "ignore" }).status === 0;
if (!HAS_GRPCIO) console.warn("SKIPPED: Python's client needs python3-grpcio and python3-protobuf");

async function start(folder: string): Promise<{ server: BuiltServer; grpcPort: number; grpc: GrpcClient }> {
  const server = await startBuiltServer(folder, ["--grpc-listen", "127.0.0.1:0"]);
  onTestFinished(async () => {
    await server.kill();
  });
  const grpcPort = Number((await server.logged("gRPC on ")).grpcPort);
  return { server, grpcPort, grpc: clientForTest(grpcPort) };
}

test.skipIf(!HAS_GRPCIO)("Python's grpcio finds the log by reflection, and uses it", async () => {
  const { grpcPort } = await start(temporaryFolder());
  const folder = temporaryFolder();
  const descriptors = join(folder, "reflection.binpb");
  const buf = spawnSync(
    `${PROJECT_ROOT}node_modules/.bin/buf`,
    ["build", "server/grpc", "--path", "server/grpc/proto/grpc/reflection", "-o", descriptors],
    { cwd: PROJECT_ROOT, env: { PATH: process.env.PATH ?? "", HOME: folder }, encoding: "utf8" },
  );
  expect(buf.stderr).toBe("");
  const script = `${PROJECT_ROOT}test/process/grpc-client.py`;
  const { stdout, stderr } = spawnSync(PYTHON, [script, String(grpcPort), descriptors], { encoding: "utf8" });
  expect(stderr).toBe("");
  expect(JSON.parse(stdout)).toEqual({
    offsets: [0, 1, 2],
    read: [
      ["6f6e65", "k", { "x-meta-a": "1" }],
      ["74776f", "", {}],
      ["ff", "", {}],
    ],
    tail: [["74776f", "ff"], 3],
    scanned: [
      [0, 1],
      [1, 1],
    ],
    acked: 2,
    settings: "7day",
    failures: [
      ["NOT_FOUND", "topic_not_found"],
      ["INVALID_ARGUMENT", "bad_request"],
    ],
  });
});

test("a tail that a kill of the server broke off resumes behind what it had, and loses nothing", async () => {
  const folder = temporaryFolder();
  const topic = "t";
  const payloads = Array.from({ length: 3000 }, (_, place) => String(place));
  const got: string[] = [];
  let offset = 0n;
  /** Takes answers until there are so many messages. */
  const follow = async (grpc: GrpcClient, until: number): Promise<void> => {
    const start = { case: "offset", value: offset } as const;
    const stream = grpc.stream(Log.method.tail, { topic, start, maxMessages: 100 });
    stream.on("error", () => {});
    const taken = new Promise<void>((resolve) => {
      stream.on("data", ({ messages, nextOffset }: TailResponse) => {
        if (got.length >= until) return;
        got.push(...texts(messages));
        offset = nextOffset;
        if (got.length >= until) resolve();
      });
    });
    await within(`${until} messages`, taken);
  };
  const first = await start(folder);
  await first.grpc.call(Log.method.createTopic, { topic });
  await first.grpc.publish(topic, ...payloads.slice(0, 2000));
  await follow(first.grpc, 1000);
  await first.server.kill();
  const second = await start(folder);
  await second.grpc.publish(topic, ...payloads.slice(2000));
  await follow(second.grpc, payloads.length);
  expect(got).toEqual(payloads);
});
