/** The two phases of `netlog bench`, and their measurements. */
import type { Durability, Topic } from "../../lib/client/index.ts";

export interface BenchLoad {
  readonly topic: Topic;
  readonly durationMs: number;
  readonly publishers: number;
  /** Messages of a request. */
  readonly batch: number;
  readonly payload: Uint8Array;
  readonly durability: Durability | undefined;
  /** Aborted, a phase ends with what it has. */
  readonly signal: AbortSignal;
}

export interface Measured {
  readonly phase: "publish" | "read";
  readonly messages: number;
  /** Time of each request. */
  readonly latenciesMs: readonly number[];
  readonly seconds: number;
}

type OnMessages = (messages: number) => void;

export async function publishLoad(load: BenchLoad, onMessages: OnMessages): Promise<Measured> {
  const { topic, publishers, batch, payload, durability, durationMs, signal } = load;
  const payloads = Array.from({ length: batch }, () => payload);
  const publish = (): Promise<unknown> =>
    batch === 1 ? topic.publish(payload, { durability }) : topic.publishBatch(payloads, { durability });
  const latenciesMs: number[] = [];
  const startedAtMs = performance.now();
  const publisher = async (): Promise<void> => {
    // Once in any case: however short the time is, there is something to show.
    do {
      const sentAtMs = performance.now();
      await publish();
      latenciesMs.push(performance.now() - sentAtMs);
      onMessages(latenciesMs.length * batch);
    } while (!signal.aborted && performance.now() - startedAtMs < durationMs);
  };
  await Promise.all(Array.from({ length: publishers }, publisher));
  return {
    phase: "publish",
    messages: latenciesMs.length * batch,
    latenciesMs,
    seconds: (performance.now() - startedAtMs) / 1000,
  };
}

/** Reads `count` messages from an offset on, in batches of the server's own size. */
export async function readLoad(
  { topic, signal }: BenchLoad,
  from: number,
  count: number,
  onMessages: OnMessages,
): Promise<Measured> {
  const latenciesMs: number[] = [];
  const startedAtMs = performance.now();
  let messages = 0;
  while (messages < count && !signal.aborted) {
    const askedAtMs = performance.now();
    const batch = await topic.readBatch({ from: from + messages, max: Math.min(1000, count - messages) });
    latenciesMs.push(performance.now() - askedAtMs);
    messages += batch.messages.length;
    onMessages(messages);
    if (batch.messages.length === 0) break;
  }
  return { phase: "read", messages, latenciesMs, seconds: (performance.now() - startedAtMs) / 1000 };
}
