/** The log over gRPC: a publish beside the library's own unary call, and a tail that catches up. */
import { type Bench, call, sampleOf } from "../bench.ts";
import { payloadOf } from "../messages.ts";
import type { ServerProcess } from "../servers/server-process.ts";
import type { Contender, Row, Workload } from "../workload.ts";

const MESSAGE_BYTES = 100;
const IN_FLIGHT = 16;
const TOPIC = "bench";
const BARE_CALL = "bare unary call";
const PUBLISHED = "netlog, Publish";
const TAILED = "netlog, Tail";
const TAIL_MESSAGES = 500_000;
const FILLED_TOGETHER = 50_000;

export const GRPC: readonly Workload[] = [
  {
    name: "grpc-publish",
    title: `Publish over gRPC, ${MESSAGE_BYTES} B, ${IN_FLIGHT} calls in flight, written`,
    targets: [
      {
        row: PUBLISHED,
        figure: "cpuMicros",
        bound: "at most",
        of: [100, { factor: 1, row: BARE_CALL, figure: "cpuMicros" }],
      },
    ],
    run: runPublish,
  },
  {
    name: "grpc-tail",
    title: `Tail over gRPC of ${TAIL_MESSAGES} messages of ${MESSAGE_BYTES} B`,
    targets: [{ row: TAILED, figure: "perSecond", bound: "at least", of: [150_000] }],
    run: runTail,
  },
];

async function runPublish(bench: Bench): Promise<Row[]> {
  const { server, grpcPort } = await bench.startNetlogWithGrpc();
  await call(server, `/${TOPIC}`, '{"durability":"written"}');
  const bare = await bench.startBareGrpc();
  const publisher = (name: string, measured: ServerProcess, port: number): Contender => ({
    name,
    measure: () =>
      sampleOf(measured, () =>
        bench.run("publishGrpc", {
          port,
          topic: TOPIC,
          payload: Buffer.from(payloadOf(0, MESSAGE_BYTES)),
          inFlight: IN_FLIGHT,
          durationMs: bench.options.roundMs,
        }),
      ),
  });
  return await bench.rounds([publisher(BARE_CALL, bare, bare.port), publisher(PUBLISHED, server, grpcPort)]);
}

async function runTail(bench: Bench): Promise<Row[]> {
  const { server, grpcPort: port } = await bench.startNetlogWithGrpc();
  await call(server, `/${TOPIC}`, '{"durability":"written"}');
  const lines = `${payloadOf(0, MESSAGE_BYTES)}\n`.repeat(FILLED_TOGETHER);
  for (let filled = 0; filled < TAIL_MESSAGES; filled += FILLED_TOGETHER) {
    await call(server, `/${TOPIC}/batch?format=lines`, lines);
  }
  const job = { port, topic: TOPIC, messages: TAIL_MESSAGES };
  return await bench.rounds([
    { name: TAILED, measure: () => sampleOf(server, () => bench.run("tailGrpc", job)) },
  ]);
}
