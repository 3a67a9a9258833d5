/**
 * Copies messages that were given out too often to the dead-letter topic, and settles each once its copy is on the
 * disk. A crash in between leaves two copies, never none. What cannot be copied stays pending and is tried again,
 * after longer and longer; without a dead letter it is dropped.
 */
import { isNetlogError } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import { answerableFields } from "../message/field-rules.ts";
import type { NewMessage } from "../message/new-message.ts";
import { fieldsOf, type MessageCursor } from "../reading/message-reader.ts";
import type { Limits } from "./limits.ts";
import type { Pending } from "./pending-table.ts";

/** Where copies go to: other topics. */
export interface LetterBox {
  /**
   * On the disk when it resolves. A topic that is missing is made if `makesTopic` says so.
   *
   * @throws what creating a topic and publishing to it throw.
   */
  post(topicName: string, message: NewMessage, makesTopic: boolean): Promise<void>;
}

export type Fate = "buried" | "dropped" | "gone" | "retry";

export interface DeadLettersOptions {
  readonly topicName: string;
  readonly scannerId: string;
  readonly deadLetter: string | null;
  readonly makesTopic: boolean;
  readonly cursor: MessageCursor;
  readonly letterBox: LetterBox;
  readonly logger: Logger;
  readonly limits: Limits;
  /** Whether it still is to go there. */
  readonly isDying: (pending: Pending) => boolean;
  /** What became of it; with `retry` after how long. */
  readonly decide: (pending: Pending, fate: Fate, retryMs: number) => void;
}

export class DeadLetters {
  readonly #options: DeadLettersOptions;
  #waiting: Pending[] = [];
  #running: Promise<void> | undefined;
  #retryMs: number;
  #hasFailed = false;

  constructor(options: DeadLettersOptions) {
    this.#options = options;
    this.#retryMs = options.limits.deadLetterRetryMs;
  }

  add(pending: Pending): void {
    this.#waiting.push(pending);
    this.#running ??= this.#run();
  }

  /** Resolves when what was added so far was tried. */
  async tried(): Promise<void> {
    await this.#running;
  }

  /** Forgets what was not tried yet; resolves when nothing is under way. */
  async end(): Promise<void> {
    this.#waiting = [];
    await this.#running;
  }

  async #run(): Promise<void> {
    // What one expiry brings comes in the same turn.
    await undefined;
    while (this.#waiting.length > 0) {
      const { deadLettersTogether, deadLetterRetryMs, deadLetterRetryMaxMs } = this.#options.limits;
      const group = this.#waiting.splice(0, deadLettersTogether);
      this.#hasFailed = false;
      await Promise.all(group.map((pending) => this.#bury(pending)));
      this.#retryMs = this.#hasFailed ? Math.min(2 * this.#retryMs, deadLetterRetryMaxMs) : deadLetterRetryMs;
    }
    this.#running = undefined;
  }

  async #bury(pending: Pending): Promise<void> {
    const { deadLetter, makesTopic, cursor, letterBox, limits, isDying } = this.#options;
    if (!isDying(pending)) return;
    if (deadLetter === null) {
      this.#tell("warn", pending, "dropped a message that was given out too often");
      this.#decide(pending, "dropped");
      return;
    }
    try {
      const message = await cursor.read(pending.offset);
      if (!isDying(pending)) return;
      const fields = fieldsOf(message);
      const { payload } = message;
      const letter = fields === undefined ? { payload } : { payload, ...answerableFields(fields, limits) };
      await letterBox.post(deadLetter, letter, makesTopic);
    } catch (error) {
      this.#refuse(pending, error);
      return;
    }
    this.#tell("info", pending, "copied a message to the dead letter");
    this.#decide(pending, "buried");
  }

  #refuse(pending: Pending, error: unknown): void {
    const isGone = isNetlogError(error, "offset_not_found");
    if (isGone || isNetlogError(error, "checksum_error")) {
      this.#tell("error", pending, "a message cannot be read any more, and goes to no dead letter", error);
      this.#decide(pending, isGone ? "gone" : "dropped");
      return;
    }
    if (!isNetlogError(error, "shutting_down")) {
      this.#tell("error", pending, "a message was not copied to the dead letter; it is tried again", error);
    }
    this.#hasFailed = true;
    this.#decide(pending, "retry");
  }

  #decide(pending: Pending, fate: Fate): void {
    if (this.#options.isDying(pending)) this.#options.decide(pending, fate, this.#retryMs);
  }

  #tell(
    level: "info" | "warn" | "error",
    { offset, deliveries }: Pending,
    message: string,
    err?: unknown,
  ): void {
    const { topicName, scannerId, deadLetter, logger } = this.#options;
    logger[level](
      {
        topic: topicName,
        scanner: scannerId,
        offset,
        deliveries,
        deadLetter,
        ...(err === undefined ? {} : { err }),
      },
      message,
    );
  }
}
