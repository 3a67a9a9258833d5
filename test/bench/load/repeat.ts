/** Connections that repeat a request each, the next one when the answer to the last is there. */
import { randomUUID } from "node:crypto";
import {
  encodeRequest,
  type HttpAnswer,
  HttpConnection,
  type RequestHeaders,
  unexpected,
} from "./http-connection.ts";
import { Latencies } from "./latencies.ts";
import type { LoadResult } from "./load-result.ts";

export interface RepeatJob {
  readonly port: number;
  readonly method: "GET" | "POST";
  /** One connection for each. */
  readonly paths: readonly string[];
  readonly body: Uint8Array;
  readonly headers?: RequestHeaders | undefined;
  readonly expectedStatus: number;
  /** The bodies that a connection's answers must have, over and over in this order. Empty: any body will do. */
  readonly expectedBodies: readonly Uint8Array[];
  readonly messagesEach: number;
  /** Ends after so many answers, or after so long. */
  readonly count: number;
  readonly durationMs: number;
}

export async function repeat(job: RepeatJob): Promise<LoadResult> {
  const latencies = new Latencies();
  const startedAtMs = performance.now();
  let answers = 0;
  // Each connection still has its last request out when the count is reached.
  const last = job.count - job.paths.length;
  const goesOn = (): boolean => {
    answers += 1;
    return answers <= last && performance.now() - startedAtMs < job.durationMs;
  };
  const run = randomUUID();
  await Promise.all(
    job.paths.map((path, place) =>
      repeatOne(job, requestsOf(job, path, `${run}-${place}`), latencies, goesOn),
    ),
  );
  const seconds = (performance.now() - startedAtMs) / 1000;
  return { messages: answers * job.messagesEach, seconds, ...latencies.percentiles() };
}

/** Gives the next request of a connection, whose name no other one has. */
function requestsOf({ method, body, headers }: RepeatJob, path: string, connection: string): () => Buffer {
  const { fixed = [], counted } = headers ?? {};
  const request = encodeRequest(method, path, body, fixed);
  let sent = 0;
  if (counted === undefined) return () => request;
  return () => encodeRequest(method, path, body, [...fixed, `${counted}: ${connection}-${sent++}`]);
}

/** Resolves when `goesOn` says no, which is asked after each answer. */
function repeatOne(
  job: RepeatJob,
  nextRequest: () => Buffer,
  latencies: Latencies,
  goesOn: () => boolean,
): Promise<void> {
  const { expectedStatus, expectedBodies } = job;
  return new Promise((resolve, reject) => {
    let answers = 0;
    let sentAtMs = performance.now();
    const take = (answer: HttpAnswer): void => {
      const expected = expectedBodies[answers++ % expectedBodies.length];
      const isExpected = expected === undefined || answer.body.equals(expected);
      latencies.add(performance.now() - sentAtMs);
      if (answer.status !== expectedStatus || !isExpected) {
        connection.close();
        reject(unexpected(answer));
      } else if (goesOn()) {
        sentAtMs = performance.now();
        connection.send(nextRequest());
      } else {
        connection.close();
        resolve();
      }
    };
    const connection = new HttpConnection(job.port, take, reject);
    connection.send(nextRequest());
  });
}
