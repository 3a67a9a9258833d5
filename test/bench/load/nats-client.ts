/**
 * NATS itself, by its own client: messages into a stream, each acknowledged, and out of it through a consumer; and whether it
 * makes streams at all.
 */
import { connect, createInbox, type NatsConnection } from "@nats-io/transport-node";
import { Latencies } from "./latencies.ts";
import type { LoadResult } from "./load-result.ts";

/** Makes a stream with so many copies, and removes it. @throws what NATS refuses with. */
export async function probeCopies(servers: string, copies: number): Promise<void> {
  await withClient(servers, async (client) => {
    const name = "probe";
    await api(client, `STREAM.CREATE.${name}`, { name, subjects: [name], num_replicas: copies });
    await api(client, `STREAM.DELETE.${name}`, {});
  });
}

export interface NatsPublishJob {
  /** URLs, with commas between. */
  readonly servers: string;
  readonly stream: string;
  readonly copies: number;
  readonly payload: string;
  /** That wait for their acks at a time. */
  readonly inFlight: number;
  readonly durationMs: number;
}

/** Publishes to a stream, which it makes where there is none. */
export async function publishNats(job: NatsPublishJob): Promise<LoadResult> {
  return await withClient(job.servers, async (client) => {
    const subject = `bench.${job.stream}`;
    await makeStream(client, job, subject);
    const latencies = new Latencies();
    const startedAtMs = performance.now();
    const endAtMs = startedAtMs + job.durationMs;
    let messages = 0;
    const publish = async (): Promise<void> => {
      while (performance.now() < endAtMs) {
        const sentAtMs = performance.now();
        const ack = (await client.request(subject, job.payload, { timeout: 10_000 })).json<{
          seq?: number;
        }>();
        if (ack.seq === undefined) throw new Error(`NATS did not take a message: ${JSON.stringify(ack)}`);
        latencies.add(performance.now() - sentAtMs);
        messages += 1;
      }
    };
    await Promise.all(Array.from({ length: job.inFlight }, publish));
    return { messages, seconds: (performance.now() - startedAtMs) / 1000, ...latencies.percentiles() };
  });
}

export interface NatsPullJob {
  readonly servers: string;
  readonly stream: string;
  readonly batch: number;
}

/** Reads all that the stream has, from its first message on. */
export async function pullNats({ servers, stream, batch }: NatsPullJob): Promise<LoadResult> {
  return await withClient(servers, async (client) => {
    const startedAtMs = performance.now();
    const config = { ack_policy: "none", deliver_policy: "all", mem_storage: true, num_replicas: 1 };
    const { name, num_pending: count } = await api<{ name: string; num_pending: number }>(
      client,
      `CONSUMER.CREATE.${stream}`,
      { stream_name: stream, config: { ...config, inactive_threshold: 30_000_000_000 } },
    );
    for (let messages = 0; messages < count; messages += batch) {
      await pull(client, stream, name, Math.min(batch, count - messages));
    }
    return { messages: count, seconds: (performance.now() - startedAtMs) / 1000 };
  });
}

function pull(client: NatsConnection, stream: string, consumer: string, count: number): Promise<void> {
  return new Promise((resolve) => {
    let left = count;
    const inbox = createInbox();
    const subscription = client.subscribe(inbox, {
      callback: (_error, message) => {
        if (message.reply?.startsWith("$JS.ACK.") !== true || --left > 0) return;
        subscription.unsubscribe();
        resolve();
      },
    });
    const request = JSON.stringify({ batch: count, expires: 10_000_000_000 });
    client.publish(`$JS.API.CONSUMER.MSG.NEXT.${stream}.${consumer}`, request, { reply: inbox });
  });
}

async function makeStream(client: NatsConnection, job: NatsPublishJob, subject: string): Promise<void> {
  const info = await client.request(`$JS.API.STREAM.INFO.${job.stream}`, "{}", { timeout: 10_000 });
  if (info.json<{ error?: object }>().error === undefined) return;
  const config = { name: job.stream, subjects: [subject], storage: "file", num_replicas: job.copies };
  await api(client, `STREAM.CREATE.${job.stream}`, config);
}

async function api<Answer>(client: NatsConnection, name: string, request: object): Promise<Answer> {
  const reply = await client.request(`$JS.API.${name}`, JSON.stringify(request), { timeout: 10_000 });
  const answer = reply.json<Answer & { error?: object }>();
  if (answer.error !== undefined) throw new Error(`NATS refused ${name}: ${JSON.stringify(answer.error)}`);
  return answer;
}

async function withClient<Result>(
  servers: string,
  use: (client: NatsConnection) => Promise<Result>,
): Promise<Result> {
  const client = await connect({ servers: servers.split(",").map((url) => new URL(url).host) });
  try {
    return await use(client);
  } finally {
    await client.close();
  }
}
