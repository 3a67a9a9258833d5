/** Clients that publish once, on conditions, or close topics, and what their answers tell the model. */
import { isNetlogError, LIMITS, type Published, type Topic } from "../../lib/index.ts";
import type { Act, Attempt, ProducerNumber } from "./acts.ts";
import type { Calls } from "./calls.ts";
import type { Client } from "./client.ts";
import type { SentMessage, TopicModel } from "./model.ts";
import {
  closedTakesNothing,
  conditionWasMet,
  duplicateHasAnOriginal,
  type Fate,
  isRefusedByItsTerms,
  isStoredOnce,
  numberIsTreatedAs,
} from "./once-promises.ts";
import { nothingIsRefusedWithoutReason } from "./promises.ts";
import type { ProducerStep, Submit } from "./terms-plan.ts";
import type { World } from "./world.ts";

const DIGEST_BYTES = 32;

/** What one attempt asks for, and what the model knows at that moment. */
interface Terms {
  readonly operation: Submit;
  readonly act: Act | undefined;
  readonly body: number;
  readonly expected: number | undefined;
  /** `undefined`: it may be any. */
  readonly fate: Fate | undefined;
  readonly wasClosed: boolean;
}

export class Writer {
  readonly #world: World;
  readonly #calls: Calls;
  readonly #client: Client;
  /** Attempts that were answered with what an earlier one had brought about. */
  duplicates = 0;

  constructor(world: World, calls: Calls, client: Client) {
    this.#world = world;
    this.#calls = calls;
    this.#client = client;
  }

  /** Resolves when all attempts are answered. */
  async submit(topic: TopicModel, handle: Topic, operation: Submit): Promise<void> {
    const act = actOf(topic, operation);
    const terms: Terms = {
      operation,
      act,
      body: operation.once?.by === "key" && operation.once.isOtherBody ? 1 : 0,
      expected: operation.expects === undefined ? undefined : Math.max(0, topic.knownEnd + operation.expects),
      fate: act?.producer === undefined ? undefined : fateOf(topic, act, act.producer),
      wasClosed: topic.closing === "closed",
    };
    if (operation.closes && topic.closing === "open") topic.closing = "begun";
    await Promise.all(operation.sizes.map((sizeBytes) => this.#attempt(topic, handle, terms, sizeBytes)));
  }

  async close(topic: TopicModel, handle: Topic): Promise<void> {
    if (topic.closing === "open") topic.closing = "begun";
    await this.#calls.make(
      `close ${topic.name}`,
      () => handle.closeForGood(),
      () => {
        topic.closing = "closed";
        topic.isClosedForGood = true;
      },
      (error) => nothingIsRefusedWithoutReason("close", error, this.#client.mayRefuse(topic)),
    );
  }

  async #attempt(topic: TopicModel, handle: Topic, terms: Terms, sizeBytes: number): Promise<void> {
    const { operation, act, body, expected } = terms;
    const { isBatch, durability, closes } = operation;
    const sizes = isBatch ? [sizeBytes, 12] : [sizeBytes];
    const messages = this.#client.newMessages(topic, handle, { sizes, durability, isBatch });
    const attempt: Attempt = { messages, body, closes };
    act?.attempts.push(attempt);
    if (closes) topic.closers.push(messages.at(-1)!);
    const producer = act?.producer;
    if (producer !== undefined) topic.acts.begin(producer.id);
    const begun = producer === undefined ? 0 : topic.acts.begunBy(producer.id);
    const options = {
      durability,
      ...(expected === undefined ? {} : { expectedOffset: expected }),
      ...(operation.once?.by === "key" ? { idempotency: { key: act!.name, digest: digestOf(body) } } : {}),
      ...(producer === undefined ? {} : { producer }),
      ...(closes ? { closes } : {}),
    };
    const isAlone = (): boolean =>
      operation.sizes.length === 1 && (producer === undefined || topic.acts.begunBy(producer.id) === begun);
    const askedAtMs = this.#world.runtime.elapsedMs();
    await this.#calls.make(
      `submit ${messages.map(({ id }) => id).join("+")} to ${topic.name} (${act?.name ?? "no act"})`,
      () =>
        isBatch
          ? handle.publishBatch(this.#client.batchOf(messages), options)
          : handle.publish(messages[0]!, options),
      (published) => this.#answered(topic, terms, attempt, published, isAlone() ? terms.fate : undefined),
      (error) => {
        const fate = isAlone() ? terms.fate : undefined;
        const waitedMs = this.#world.runtime.elapsedMs() - askedAtMs;
        const isLate = isNetlogError(error, "topic_unavailable") && waitedMs >= LIMITS.stateWaitMs;
        const hasReason = isLate || isRefusedByItsTerms(topic, error, attempt, act, expected, fate);
        for (const message of messages) this.#client.refuse(topic, message, error, hasReason);
      },
    );
  }

  #answered(
    topic: TopicModel,
    terms: Terms,
    attempt: Attempt,
    published: Published,
    fate: Fate | undefined,
  ): void {
    const { act, expected, wasClosed } = terms;
    const [first] = attempt.messages;
    if (published.isDuplicate === true) {
      this.#noteDuplicate(topic, act, attempt, published);
      return;
    }
    if (act !== undefined) isStoredOnce(topic, act, attempt);
    closedTakesNothing(topic, wasClosed, first!);
    conditionWasMet(topic, expected, published.offset);
    numberIsTreatedAs(topic, act, fate);
    for (const [index, message] of attempt.messages.entries()) {
      this.#client.acknowledge(topic, message, { ...published, offset: published.offset + index });
    }
    if (attempt.closes) this.#noteClosed(topic, first!.durability);
  }

  /** Nothing of the attempt itself is kept; the original is as durable as the attempt asked for. */
  #noteDuplicate(
    topic: TopicModel,
    act: Act | undefined,
    attempt: Attempt,
    { offset, timestampMs }: Published,
  ): void {
    this.duplicates++;
    const original = duplicateHasAnOriginal(topic, act, attempt, offset);
    const { durability } = attempt.messages[0]!;
    for (const message of attempt.messages) message.state = "refused";
    for (const [index, message] of original.messages.entries()) {
      topic.place(message, offset + index, timestampMs);
      if (message.state === "unknown") message.state = "acknowledged";
      if (durability === "synced") message.isForced = true;
    }
    if (original.closes) this.#noteClosed(topic, durability);
  }

  #noteClosed(topic: TopicModel, durability: SentMessage["durability"]): void {
    topic.closing = "closed";
    topic.isClosedForGood ||= durability === "synced";
  }
}

function digestOf(body: number): Uint8Array {
  return new Uint8Array(DIGEST_BYTES).fill(body + 1);
}

function actOf(topic: TopicModel, { once }: Submit): Act | undefined {
  if (once === undefined) return undefined;
  if (once.by === "key") return topic.acts.ofKey(String(once.key));
  const id = `p${once.producer}`;
  return topic.acts.ofProducer({ id, ...numberOf(once.step, topic.acts.last(id)) });
}

/** What the producer's client would send, from what it knows to have sent. */
function numberOf(
  step: ProducerStep,
  last: { readonly epoch: number; readonly seq: number } | undefined,
): Omit<ProducerNumber, "id"> {
  const { epoch, seq } = last ?? { epoch: 5, seq: -1 };
  switch (step) {
    case "next":
      return { epoch, seq: seq + 1 };
    case "again":
      return { epoch, seq: Math.max(0, seq) };
    case "gap":
      return { epoch, seq: seq + 2 };
    case "newEpoch":
      return { epoch: epoch + 1, seq: 0 };
    case "oldEpoch":
      return { epoch: epoch - 1, seq: 0 };
    case "newEpochAtOne":
      return { epoch: epoch + 1, seq: 1 };
  }
}

/** What has to become of a number, where that is certain. */
function fateOf(topic: TopicModel, act: Act, { id, epoch, seq }: ProducerNumber): Fate | undefined {
  const last = topic.acts.last(id);
  if (last?.isCertain === false || act.uncertain.length > 0) return undefined;
  if (last === undefined) return seq === 0 ? "stored" : "gap";
  if (epoch > last.epoch) return seq === 0 ? "stored" : "refused";
  if (epoch < last.epoch) return "fenced";
  if (seq > last.seq + 1) return "gap";
  return seq === last.seq + 1 ? "stored" : "duplicate";
}
