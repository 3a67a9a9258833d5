/**
 * Writes records of kept files into their stream, one after the other. It ends where the publisher does; a record is then
 * refused, or nobody knows, which its promise says.
 */
import { NetlogError } from "../../base/errors.ts";
import type { Timer } from "../../base/runtime.ts";
import { encodeMessage, KEPT_KIND, newUid } from "../log/envelope.ts";
import {
  OrderedPublisher,
  type PublisherEnd,
  type PublisherOptions,
  type Refusal,
} from "../log/ordered-publisher.ts";
import type { Outgoing } from "../log/outgoing.ts";
import type { Room } from "../log/stream-log-options.ts";

export interface KeptWriterOptions extends Omit<PublisherOptions<KeptMessage>, "owner"> {
  /** The sequence of the claim by which this server took the topic's log over. */
  readonly epoch: number;
  readonly room: Room;
}

interface Waiting {
  readonly subject: string;
  readonly record: Buffer;
  readonly resolve: (sequence: number) => void;
  readonly reject: (error: NetlogError) => void;
  /** Ends the wait of a record that was not sent. */
  timer: Timer | undefined;
}

interface KeptMessage extends Outgoing {
  readonly waiting: Waiting;
}

const NO_SEGMENT = { sequence: 0, baseOffset: 0, sizeBytes: 0 };

export class KeptWriter {
  readonly #options: KeptWriterOptions;
  readonly #publisher: OrderedPublisher<KeptMessage>;
  readonly #waiting: Waiting[] = [];
  readonly #open = new Set<Promise<number>>();
  #endedAs: PublisherEnd | "closed" | undefined;

  constructor(options: KeptWriterOptions) {
    this.#options = options;
    this.#publisher = new OrderedPublisher({
      ...options,
      owner: {
        stored: ({ waiting, sequence }) => waiting.resolve(sequence),
        refused: (reason, { waiting }) => waiting.reject(refusalOf(reason)),
        ended: (reason, message) => this.#end(reason, message),
        ready: () => this.#send(),
      },
    });
  }

  /** Why it writes no more; `undefined`: it does. */
  get endedAs(): PublisherEnd | "closed" | undefined {
    return this.#endedAs;
  }

  /**
   * Resolves to the sequence of the record when a majority has it, and all before it.
   *
   * @throws storage_full, topic_unavailable: it is not kept; sync_failed: nobody knows.
   */
  write(subject: string, record: Buffer): Promise<number> {
    const written = new Promise<number>((resolve, reject) => {
      if (this.#endedAs !== undefined) {
        reject(refusedAs(this.#endedAs));
        return;
      }
      const { shortage } = this.#options.room;
      if (shortage !== undefined) {
        reject(new NetlogError("storage_full", { reason: shortage }));
        return;
      }
      const waiting: Waiting = { subject, record, resolve, reject, timer: undefined };
      this.#waiting.push(waiting);
      this.#send();
      if (this.#waiting.at(-1) === waiting) this.#bound(waiting);
    });
    this.#open.add(written);
    const forget = (): void => void this.#open.delete(written);
    written.then(forget, forget);
    return written;
  }

  /** Resolves when what was to be written is, or is refused. Then it writes no more. */
  async close(): Promise<void> {
    while (this.#open.size > 0) await Promise.allSettled(this.#open);
    this.#publisher.stop();
    this.#endedAs ??= "closed";
  }

  #send(): void {
    const publisher = this.#publisher;
    while (this.#waiting.length > 0 && publisher.canSend) {
      const waiting = this.#waiting.shift()!;
      waiting.timer?.cancel();
      const { subject, record } = waiting;
      const uid = newUid(this.#options.runtime);
      const envelope = { kind: KEPT_KIND, epoch: this.#options.epoch, uid, segment: NO_SEGMENT };
      const payload = encodeMessage(envelope, [record]);
      const sequence = publisher.nextSequence;
      publisher.send({ waiting, subject, sequence, payload, uid, mayBeStored: false });
    }
  }

  /** What was not sent by then is not waited for: those behind it are no better off. */
  #bound(waiting: Waiting): void {
    const { runtime, limits } = this.#options;
    waiting.timer = runtime.setTimer(limits.engineResolveMs, () => {
      const place = this.#waiting.indexOf(waiting);
      if (place >= 0) this.#refuse(this.#waiting.splice(place), "NATS does not answer");
    });
  }

  #end(reason: PublisherEnd, message: KeptMessage | undefined): void {
    this.#endedAs = reason;
    const mayBeStored = message?.mayBeStored === true && reason !== "fenced";
    message?.waiting.reject(mayBeStored ? unknownOutcome() : refusedAs(reason));
    this.#refuse(this.#waiting.splice(0), WORDS[reason]);
  }

  #refuse(refused: readonly Waiting[], reason: string): void {
    for (const { timer, reject } of refused) {
      timer?.cancel();
      reject(new NetlogError("topic_unavailable", { reason }));
    }
  }
}

const WORDS: Readonly<Record<PublisherEnd | "closed", string>> = {
  fenced: "another server has taken the topic over",
  unresolved: "for too long NATS did not say what became of a message",
  data_lost: "NATS has lost what it had acknowledged of the topic's scanners",
  deleted: "NATS has no stream of the topic's scanners any more",
  closed: "the topic is closed",
};

function refusedAs(reason: PublisherEnd | "closed"): NetlogError {
  return new NetlogError("topic_unavailable", { reason: WORDS[reason] });
}

function refusalOf(reason: Refusal): NetlogError {
  if (reason === "unreachable") {
    return new NetlogError("topic_unavailable", { reason: "NATS cannot be reached, or has no leader" });
  }
  return new NetlogError("storage_full", { reason: "NATS has no room for what is kept of scanners" });
}

function unknownOutcome(): NetlogError {
  const reason = "NATS did not confirm what is kept of scanners; it may be there later";
  return new NetlogError("sync_failed", { reason });
}
