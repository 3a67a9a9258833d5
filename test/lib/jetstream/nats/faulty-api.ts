/** JetStream's API where publishes go wrong as the test says. */
import { NoAnswer } from "../../../../lib/jetstream/nats/errors.ts";
import { JetStreamApi, type PublishFacts } from "../../../../lib/jetstream/nats/jetstream-api.ts";
import type { StreamInfo } from "../../../../lib/jetstream/nats/stream-config.ts";

/**
 * `lose_ack`: the message is stored, and the ack does not come. `drop`: it does not reach NATS, and nobody says so. An error:
 * it does not reach NATS, and this is the answer. `pass`: it goes its way.
 */
export type Fault = "pass" | "lose_ack" | "drop" | Error;

export class FaultyApi extends JetStreamApi {
  /** Decides about each publish, in order. */
  plan: (subject: string) => Fault = () => "pass";
  publishCount = 0;
  /** Where streams seem to end, for those who ask how they are. */
  seenLastSequence: number | undefined;

  override async publish(subject: string, payload: Uint8Array, facts: PublishFacts): Promise<number> {
    this.publishCount += 1;
    const fault = this.plan(subject);
    if (fault instanceof Error) throw fault;
    if (fault === "drop") throw new NoAnswer("timeout", subject);
    const sequence = await super.publish(subject, payload, facts);
    if (fault === "lose_ack") throw new NoAnswer("timeout", subject);
    return sequence;
  }

  override async streamInfo(name: string, timeoutMs?: number): Promise<StreamInfo | undefined> {
    const info = await super.streamInfo(name, timeoutMs);
    if (info === undefined || this.seenLastSequence === undefined) return info;
    return { ...info, state: { ...info.state, last_seq: this.seenLastSequence } };
  }
}

/** A plan that takes these faults one after the other, and then lets all pass. */
export function planOf(...faults: readonly Fault[]): () => Fault {
  const left = [...faults];
  return () => left.shift() ?? "pass";
}
