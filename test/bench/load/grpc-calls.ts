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
  const latencies = new Latencies();
  const startedAtMs = performance.now();
  let messages = 0;
  const publishOn = async (): Promise<void> => {
    while (performance.now() - startedAtMs < job.durationMs) {
      const sentAtMs = performance.now();
      await new Promise<void>((resolve, reject) => {
        client.makeUnaryRequest("/netlog.v1.Log/Publish", same, same, request, (error) =>
          error === null ? resolve() : reject(error),
        );
      });
      latencies.add(performance.now() - sentAtMs);
      messages += 1;
    }
  };
  await Promise.all(Array.from({ length: job.inFlight }, publishOn));
  const seconds = (performance.now() - startedAtMs) / 1000;
  client.close();
  return { messages, seconds, ...latencies.percentiles() };
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

function clientOf(port: number): Client {
  return new Client(`127.0.0.1:${port}`, credentials.createInsecure());
}

/** A field of bytes. */
function record(field: number, bytes: Buffer): Buffer {
  const prefix = [(field << 3) | 2];
  let rest = bytes.length;
  for (; rest > 0x7f; rest >>>= 7) prefix.push((rest & 0x7f) | 0x80);
  return Buffer.concat([Buffer.from([...prefix, rest]), bytes]);
}

/** How many records of field 1 begin an answer: its messages. */
function countRecords(bytes: Buffer): number {
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
