/**
 * Applies a batch of messages to a schema: one transaction moves the place, writes what `apply` writes, and the dead
 * letters. So each message has its effect once, wherever a crash comes. Where `apply` refuses a batch, it is halved until
 * the messages at fault are found, in one transaction as well: nothing is skipped that is not a dead letter.
 */
import { PIECE_WORK_BYTES, type Runtime } from "../index.ts";
import type { Transaction, Writer } from "./database/database.ts";
import { verdictOf } from "./database/database-error.ts";
import { type DeadLetter, writeDeadLetters } from "./dead-letters.ts";
import type { Limits } from "./limits.ts";
import { lastMessageOf, movePlace, type Place } from "./places.ts";
import type { LogMessage } from "./reading/log-reader.ts";
import { Malformed, type Placed, type View } from "./view.ts";
import { PlaceMoved, ViewStopped } from "./view-stopped.ts";

export interface ApplierOptions {
  readonly view: View<unknown>;
  /** The schema that it fills. */
  readonly schema: string;
  readonly limits: Limits;
  /** Refused messages become dead letters, however many there are. */
  readonly skipsRefused?: boolean;
  readonly runtime: Pick<Runtime, "pause">;
  /** Where other processes hear of it; `undefined`: there are none. */
  readonly channel: string | undefined;
}

export interface AppliedBatch {
  readonly place: Place;
  readonly malformed: readonly DeadLetter[];
  readonly refused: readonly DeadLetter[];
}

/** An item, and what becomes of its message where it is refused. */
interface Candidate {
  readonly placed: Placed<unknown>;
  readonly message: LogMessage;
}

export class BatchApplier {
  readonly #options: ApplierOptions;
  /** Refused one behind the other, over all batches. */
  #refusedInARow = 0;

  constructor(options: ApplierOptions) {
    this.#options = options;
  }

  /**
   * `messages` follow each other from `place` on, at least one.
   *
   * @throws ViewStopped: too many are refused; PlaceMoved; DatabaseError that has passed, or will. Nothing is applied then,
   *   but where the error is the connection's it is not known.
   */
  async apply(writer: Writer, place: Place, messages: readonly LogMessage[]): Promise<AppliedBatch> {
    const { candidates, malformed } = await this.#decode(place, messages);
    const last = messages.at(-1);
    const moved: Place = {
      ...place,
      next: place.next + messages.length,
      last: last && lastMessageOf(last),
    };
    const commit = (write: (transaction: Transaction) => Promise<readonly DeadLetter[]>) =>
      writer.transaction(async (transaction) => {
        await movePlace(transaction, this.#options.schema, place, moved);
        const refused = await write(transaction);
        await this.#finish(transaction, moved, [...malformed, ...refused]);
        return { place: moved, malformed, refused };
      });
    try {
      const applied = await commit(async (transaction) => {
        const items = candidates.map(({ placed }) => placed);
        if (items.length > 0) await this.#options.view.apply(transaction, items);
        return [];
      });
      if (candidates.length > 0) this.#refusedInARow = 0;
      return applied;
    } catch (error) {
      if (!isRefusal(error)) throw error;
    }
    const search = new RefusalSearch(this.#options, this.#refusedInARow);
    const applied = await commit((transaction) => search.apply(transaction, candidates));
    this.#refusedInARow = search.inARow;
    return applied;
  }

  /** Piece by piece: the log of the same process serves others between two of them. */
  async #decode(
    { topic, topicId }: Place,
    messages: readonly LogMessage[],
  ): Promise<{ readonly candidates: readonly Candidate[]; readonly malformed: readonly DeadLetter[] }> {
    const candidates: Candidate[] = [];
    const malformed: DeadLetter[] = [];
    let pieceBytes = 0;
    for (const message of messages) {
      const { offset, timestampMs, payload } = message;
      if (pieceBytes > 0 && pieceBytes + payload.length > PIECE_WORK_BYTES) {
        await this.#options.runtime.pause();
        pieceBytes = 0;
      }
      pieceBytes += payload.length;
      const item = this.#decoded({ ...message, topic });
      if (item instanceof Malformed) malformed.push({ offset, timestampMs, payload, reason: item.why });
      else candidates.push({ placed: { item, topic, topicId, offset, timestampMs }, message });
    }
    return { candidates, malformed };
  }

  #decoded(message: Parameters<View<unknown>["decode"]>[0]): unknown {
    try {
      return this.#options.view.decode(message);
    } catch (error) {
      return new Malformed(`it cannot be decoded: ${messageOf(error)}`);
    }
  }

  async #finish(transaction: Transaction, place: Place, letters: readonly DeadLetter[]): Promise<void> {
    const { schema, limits, channel } = this.#options;
    await writeDeadLetters(transaction, schema, place, letters, limits.deadLetterBytes);
    if (channel !== undefined) {
      await transaction.query("SELECT pg_notify($1, $2)", [channel, `${place.next} ${place.topic}`]);
    }
  }
}

/** Finds the messages of one batch that `apply` refuses, within its transaction. */
class RefusalSearch {
  readonly #options: ApplierOptions;
  inARow: number;

  constructor(options: ApplierOptions, inARow: number) {
    this.#options = options;
    this.inARow = inARow;
  }

  /** Applies all but those that it gives. @throws ViewStopped. */
  async apply(transaction: Transaction, all: readonly Candidate[]): Promise<readonly DeadLetter[]> {
    const refused: DeadLetter[] = [];
    const { limits, skipsRefused = false } = this.#options;
    await this.#applyPart(transaction, all, refused);
    if (!skipsRefused && refused.length === all.length && all.length >= limits.refusedBatch) {
      throw stopped(`all ${all.length} messages of a batch`, refused);
    }
    return refused;
  }

  async #applyPart(
    transaction: Transaction,
    part: readonly Candidate[],
    refused: DeadLetter[],
  ): Promise<void> {
    const error = await this.#refusalOf(transaction, part);
    if (error === undefined) {
      this.inARow = 0;
      return;
    }
    if (part.length > 1) {
      const middle = Math.ceil(part.length / 2);
      await this.#applyPart(transaction, part.slice(0, middle), refused);
      await this.#applyPart(transaction, part.slice(middle), refused);
      return;
    }
    for (const { message } of part) {
      const { offset, timestampMs, payload } = message;
      refused.push({ offset, timestampMs, payload, reason: `it cannot be applied: ${messageOf(error)}` });
    }
    this.inARow += 1;
    const { limits, skipsRefused = false } = this.#options;
    if (!skipsRefused && this.inARow > limits.refusedInARow) {
      throw stopped(`${this.inARow} messages in a row`, refused);
    }
  }

  /** `undefined`: the part is applied; else nothing of it is. */
  async #refusalOf(transaction: Transaction, part: readonly Candidate[]): Promise<unknown> {
    const later: (() => void)[] = [];
    await transaction.query("SAVEPOINT part");
    try {
      await this.#options.view.apply(
        {
          query: (sql, parameters) => transaction.query(sql, parameters),
          afterCommit: (run) => void later.push(run),
        },
        part.map(({ placed }) => placed),
      );
    } catch (error) {
      if (!isRefusal(error)) throw error;
      await transaction.query("ROLLBACK TO SAVEPOINT part");
      await transaction.query("RELEASE SAVEPOINT part");
      return error ?? new Error("nothing was thrown");
    }
    await transaction.query("RELEASE SAVEPOINT part");
    for (const run of later) transaction.afterCommit(run);
    return undefined;
  }
}

function isRefusal(error: unknown): boolean {
  if (error instanceof PlaceMoved || error instanceof ViewStopped) return false;
  return verdictOf(error) === "refuse";
}

function stopped(which: string, refused: readonly DeadLetter[]): ViewStopped {
  const { offset, reason } = refused.at(-1) ?? { offset: 0, reason: "" };
  const advice =
    "nothing of this batch was skipped; mend what is wrong and start the view again, " +
    "or start it with --skip-refused, which makes dead letters of all that is refused";
  return new ViewStopped(`${which} were refused, the last one at offset ${offset} (${reason}); ${advice}`);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
