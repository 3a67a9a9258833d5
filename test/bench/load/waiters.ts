/** Thousands of connections with a request that waits, and the one message that answers them all. */
import { encodeRequest, type HttpAnswer, HttpConnection, unexpected } from "./http-connection.ts";
import { Latencies } from "./latencies.ts";

export interface OpenWaitersJob {
  readonly port: number;
  /** One connection for each. */
  readonly paths: readonly string[];
}

export interface WakeWaitersJob {
  readonly port: number;
  readonly publishPath: string;
  readonly payload: string;
}

export interface WakeResult {
  /** Until the last one had it. */
  readonly tookMs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Connections opened at a time: a listening socket's backlog has an end. */
const TOGETHER = 100;

interface Waiter {
  readonly connection: HttpConnection;
  readonly request: Buffer;
}

let waiters: Waiter[] = [];
let onAnswer: (answer: HttpAnswer) => void = () => {};
let onEnd: (error: Error) => void = () => {};

/** Resolves when all requests are on their way. */
export async function openWaiters({ port, paths }: OpenWaitersJob): Promise<void> {
  let failure: Error | undefined;
  onAnswer = (answer) => {
    failure = unexpected(answer);
  };
  onEnd = (error) => {
    failure = error;
  };
  for (let from = 0; from < paths.length; from += TOGETHER) {
    for (const path of paths.slice(from, from + TOGETHER)) {
      const connection = new HttpConnection(
        port,
        (answer) => onAnswer(answer),
        (error) => onEnd(error),
      );
      const request = encodeRequest("GET", path);
      connection.send(request);
      waiters.push({ connection, request });
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
    if (failure !== undefined) throw failure;
  }
}

/** Publishes, and resolves when all waiters have the message. */
export function wakeWaiters({ port, publishPath, payload }: WakeWaitersJob): Promise<WakeResult> {
  const latencies = new Latencies();
  const expected = Buffer.from(payload);
  return new Promise((resolve, reject) => {
    let left = waiters.length;
    const startedAtMs = performance.now();
    onEnd = reject;
    onAnswer = (answer) => {
      const tookMs = performance.now() - startedAtMs;
      latencies.add(tookMs);
      if (answer.status !== 200 || !answer.body.equals(expected)) reject(unexpected(answer));
      left -= 1;
      if (left === 0) resolve({ tookMs, ...latencies.percentiles() });
    };
    const publisher = new HttpConnection(port, () => publisher.close(), reject);
    publisher.send(encodeRequest("POST", publishPath, Buffer.from(payload)));
  });
}

/** All ask again, for the next message. */
export function waitAgain(_job: undefined): Promise<void> {
  for (const { connection, request } of waiters) connection.send(request);
  return Promise.resolve();
}

export function closeWaiters(_job: undefined): Promise<void> {
  onEnd = () => {};
  for (const { connection } of waiters) connection.close();
  waiters = [];
  return Promise.resolve();
}
