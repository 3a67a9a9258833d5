/** Reads at random places of a topic, one request after the other. */
import { encodeRequest, type HttpAnswer, HttpConnection, unexpected } from "./http-connection.ts";
import { Latencies } from "./latencies.ts";
import type { LoadResult } from "./load-result.ts";

export interface ReadAtJob {
  readonly port: number;
  readonly paths: readonly string[];
  /** A part that each body has. */
  readonly expected: string;
}

export async function readAt({ port, paths, expected }: ReadAtJob): Promise<LoadResult> {
  const latencies = new Latencies();
  const requests = paths.map((path) => encodeRequest("GET", path));
  const startedAtMs = performance.now();
  await new Promise<void>((resolve, reject) => {
    let asked = 0;
    let sentAtMs = 0;
    const ask = (): void => {
      sentAtMs = performance.now();
      connection.send(requests[asked++]!);
    };
    const take = (answer: HttpAnswer): void => {
      latencies.add(performance.now() - sentAtMs);
      const isExpected = answer.status === 200 && answer.body.includes(expected);
      if (!isExpected || asked === requests.length) connection.close();
      if (!isExpected) reject(unexpected(answer));
      else if (asked === requests.length) resolve();
      else ask();
    };
    const connection = new HttpConnection(port, take, reject);
    ask();
  });
  const seconds = (performance.now() - startedAtMs) / 1000;
  return { messages: requests.length, seconds, ...latencies.percentiles() };
}
