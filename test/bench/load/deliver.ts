/** Publishes at a steady pace while one reader waits for each message: the time from request to delivery. */
import { encodeRequest, type HttpAnswer, HttpConnection, unexpected } from "./http-connection.ts";
import { Latencies } from "./latencies.ts";
import type { LoadResult } from "./load-result.ts";

export interface DeliverJob {
  readonly port: number;
  readonly publishPath: string;
  /** Answers 200 with the next message. */
  readonly waitPath: string;
  readonly payload: string;
  readonly perSecond: number;
  readonly count: number;
}

export async function deliver(job: DeliverJob): Promise<LoadResult> {
  const latencies = new Latencies();
  const startedAtMs = performance.now();
  await new Promise<void>((resolve, reject) => {
    const publish = encodeRequest("POST", job.publishPath, Buffer.from(job.payload));
    const wait = encodeRequest("GET", job.waitPath);
    const expected = Buffer.from(job.payload);
    let sentAtMs = 0;
    let delivered = 0;
    let published = 0;
    const end = (error?: Error): void => {
      clearInterval(pace);
      publisher.close();
      reader.close();
      if (error === undefined) resolve();
      else reject(error);
    };
    const delivery = (answer: HttpAnswer): void => {
      latencies.add(performance.now() - sentAtMs);
      if (answer.status !== 200 || !answer.body.equals(expected)) {
        end(unexpected(answer));
        return;
      }
      delivered += 1;
      if (delivered < job.count) reader.send(wait);
      else if (published === job.count) end();
    };
    const publication = (answer: HttpAnswer): void => {
      published += 1;
      if (answer.status !== 201) end(unexpected(answer));
      else if (published === job.count && delivered === job.count) end();
    };
    const publisher = new HttpConnection(job.port, publication, end);
    const reader = new HttpConnection(job.port, delivery, end);
    reader.send(wait);
    let sent = 0;
    // One that the last delivery has not come back from yet waits for the next beat.
    const pace = setInterval(() => {
      if (sent === job.count || delivered < sent || published < sent) return;
      sent += 1;
      sentAtMs = performance.now();
      publisher.send(publish);
    }, 1000 / job.perSecond);
  });
  const seconds = (performance.now() - startedAtMs) / 1000;
  return { messages: job.count, seconds, ...latencies.percentiles() };
}
