/** Where dead letters go: the topics of the same storage, each by its name. */
import { isNetlogError } from "../base/errors.ts";
import type { NewMessage } from "../message/new-message.ts";
import type { Neighbours } from "../topic/neighbours.ts";
import type { Topic } from "../topic/topic.ts";

/** The topics by name, as Netlog has them. */
interface Topics {
  hasTopic(name: string): boolean;
  createTopic(name: string): Promise<Topic>;
  topic(name: string): Topic;
  /** As Netlog has it: not `undefined` for a topic of another server. */
  ownerOf(name: string): string | undefined | Promise<string | undefined>;
  readonly neighbours: Pick<Neighbours, "sendLetter"> | undefined;
}

export class TopicLetterBox {
  readonly #topics: Topics;
  readonly #opened: Promise<void>;

  /** `opened` resolves when all topics that are there were opened. */
  constructor(topics: Topics, opened: Promise<void>) {
    this.#topics = topics;
    this.#opened = opened;
  }

  /** As a scanner wants it: see LetterBox. */
  async post(topicName: string, message: NewMessage, makesTopic: boolean): Promise<void> {
    await this.#opened;
    if (makesTopic) await this.#requireTopic(topicName);
    if ((await this.#topics.ownerOf(topicName)) === undefined) await this.take(topicName, message);
    else await this.#topics.neighbours?.sendLetter(topicName, message);
  }

  /** Publishes to a topic of this server. */
  async take(topicName: string, message: NewMessage): Promise<void> {
    const topic = this.#topics.topic(topicName);
    topic.life.beginUse();
    try {
      // It was taken once already, maybe under a larger limit.
      await topic.publish(message, { durability: "synced", maxBytes: Number.POSITIVE_INFINITY });
    } finally {
      topic.life.endUse();
    }
  }

  async #requireTopic(name: string): Promise<void> {
    if (this.#topics.hasTopic(name)) return;
    try {
      await this.#topics.createTopic(name);
    } catch (error) {
      if (!isNetlogError(error, "topic_exists")) throw error;
    }
  }
}
