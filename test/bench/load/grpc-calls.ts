/** Calls over gRPC, in bytes that are made once: publishes, so many in flight, and one tail. */
import { Client, credentials } from "@grpc/grpc-js";
import { Latencies } from "./latencies.ts";
import type { LoadResult } from "./load-result.ts";

export interface GrpcPublishJob {
  readonly port: number;
  readonly topic: string;
  readonly payload: Buffer;
  readonly inFlight: number;
  readonly durationMs: number;
}

export interface GrpcTailJob {
  readonly port: number;
  readonly topic: string;
  readonly messages: number;
}

const same = (bytes: Buffer): Buffer => bytes;

export async function publishGrpc(job: GrpcPublishJob): Promise<LoadResult> {
  const client = clientOf(job.port);
  const request = Buffer.concat([record(1, Buffer.from(job.topic)), record(2, record(1, job.payload))]);
  const result = await callOn(job, async () => {
    await unaryCall(client, "/netlog.v1.Log/Publish", request);
    return 1;
  });
  client.close();
  return result;
}

export async function tailGrpc({ port, topic, messages }: GrpcTailJob): Promise<LoadResult> {
  const client = clientOf(port);
  const startedAtMs = performance.now();
  const request = record(1, Buffer.from(topic));
  const stream = client.makeServerStreamRequest("/netlog.v1.Log/Tail", same, countRecords, request);
  let count = 0;
  await new Promise<void>((resolve, reject) => {
    stream.on("error", reject);
    stream.on("data", (more: number) => {
      count += more;
      if (count >= messages) resolve();
    });
  });
  const seconds = (performance.now() - startedAtMs) / 1000;
  stream.on("error", () => {}).cancel();
  client.close();
  return { messages: count, seconds };
}

interface Pace {
  readonly inFlight: number;
  readonly durationMs: number;
}

/** Makes so many calls at once, one after the other, until the time is over. `call` gives the messages that it is for; none: it was not made, and no further one is. */
export async function callOn(
  { inFlight, durationMs }: Pace,
  call: () => Promise<number | undefined>,
): Promise<LoadResult> {
  const latencies = new Latencies();
  const startedAtMs = performance.now();
  let messages = 0;
  const goOn = async (): Promise<void> => {
    while (performance.now() - startedAtMs < durationMs) {
      const sentAtMs = performance.now();
      const count = await call();
      if (count === undefined) return;
      latencies.add(performance.now() - sentAtMs);
      messages += count;
    }
  };
  await Promise.all(Array.from({ length: inFlight }, goOn));
  const seconds = (performance.now() - startedAtMs) / 1000;
  return { messages, seconds, ...latencies.percentiles() };
}

/** The bytes of its answer. */
export function unaryCall(client: Client, path: string, request: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(path, same, same, request, (error, answer) =>
      error === null ? resolve(answer ?? Buffer.alloc(0)) : reject(error),
    );
  });
}

export function clientOf(port: number): Client {
  return new Client(`127.0.0.1:${port}`, credentials.createInsecure());
}

/** A field of bytes. */
export function record(field: number, bytes: Buffer): Buffer {
  const prefix = [(field << 3) | 2];
  let rest = bytes.length;
  for (; rest > 0x7f; rest >>>= 7) prefix.push((rest & 0x7f) | 0x80);
  return Buffer.concat([Buffer.from([...prefix, rest]), bytes]);
}

/** How many records of field 1 begin an answer: its messages. */
export function countRecords(bytes: Buffer): number {
  let count = 0;
  for (let place = 0; bytes[place] === 0x0a; count++) {
    let length = 0;
    let shift = 0;
    do {
      place += 1;
      length += (bytes[place]! & 0x7f) << shift;
      shift += 7;
    } while (bytes[place]! > 0x7f);
    place += 1 + length;
  }
  return count;
}
