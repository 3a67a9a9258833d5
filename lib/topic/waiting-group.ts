/**
 * What was published and has not gone to the log: batches, single messages, and behind them the appends that a guard
 * judges. What comes behind one of those belongs to the next group, so that nothing overtakes it.
 */
import type { AppendGuard, Durability, LogEntry } from "../log/log.ts";
import type { Batch } from "../message/batch.ts";
import type { Offload } from "../message/compression.ts";
import { derivedCrc32 } from "../message/message.ts";
import { encodeEntry, setEnd } from "../message/message-set.ts";
import type { PackedMessage } from "../message/new-message.ts";
import type { Limits } from "./limits.ts";
import type { Waiting } from "./publish-call.ts";
import type { TopicSettings } from "./setting-table.ts";

/** An entry on its way to the log, with the calls that wait for it: one for each single in it, or one for a batch. */
export interface WaitingEntry extends LogEntry {
  readonly waiting: readonly Waiting[];
}

export interface PackOptions {
  readonly settings: Pick<TopicSettings, "batch_num_messages" | "compression_type">;
  readonly limits: Limits;
  readonly offload: Offload;
  /** Settles the calls whose messages cannot be packed. */
  readonly reject: (waiting: readonly Waiting[], error: unknown) => void;
}

/** A batch on its way: an entry as it is. */
export function batchEntry(
  { entry, count, headroomBytes = 0 }: Batch,
  waiting: Waiting,
  durability: Durability,
): WaitingEntry {
  return {
    bytes: entry,
    headroomBytes,
    crc32: derivedCrc32(entry),
    count,
    durability,
    waiting: [waiting],
  };
}

/** Spelled out, and not made of the other: copying its properties costs more than the rest. */
export function guardedEntry(
  { entry, count, headroomBytes = 0 }: Batch,
  waiting: Waiting,
  durability: Durability,
  guard: AppendGuard,
  closes: boolean,
): WaitingEntry {
  return {
    bytes: entry,
    headroomBytes,
    crc32: derivedCrc32(entry),
    count,
    durability,
    waiting: [waiting],
    guard,
    closes,
  };
}

/** A promise where a set is packed off the event loop; it gives `undefined` for one that cannot be packed. */
export type PackedEntry = WaitingEntry | Promise<WaitingEntry | undefined>;

/** Singles that wait for the end of the turn: `waiting[i]` waits for `messages[i]`. */
class Singles {
  readonly messages: PackedMessage[] = [];
  readonly waiting: Waiting[] = [];
}

export class WaitingGroup {
  #singles: Record<Durability, Singles> = { written: new Singles(), synced: new Singles() };
  singleCount = 0;
  singleBytes = 0;
  /** Singles need not linger any longer. */
  areSinglesDue = false;
  batches: WaitingEntry[] = [];
  guarded: WaitingEntry[] = [];

  addSingle(packed: PackedMessage, waiting: Waiting, durability: Durability): void {
    this.#singles[durability].messages.push(packed);
    this.#singles[durability].waiting.push(waiting);
    this.singleCount += 1;
    this.singleBytes += waiting.sizeBytes;
  }

  /** Moves all that is due behind `entries`. */
  takeInto(entries: PackedEntry[], options: PackOptions): void {
    for (const batch of this.batches) entries.push(batch);
    this.batches = [];
    if (this.areSinglesDue) this.#packSingles(entries, options);
    for (const entry of this.guarded) entries.push(entry);
    this.guarded = [];
  }

  #packSingles(entries: PackedEntry[], options: PackOptions): void {
    const singles = this.#singles;
    this.#singles = { written: new Singles(), synced: new Singles() };
    this.singleCount = 0;
    this.singleBytes = 0;
    this.areSinglesDue = false;
    const { settings, offload, limits } = options;
    for (const durability of ["written", "synced"] as const) {
      const { messages, waiting } = singles[durability];
      for (let start = 0, end = 0; start < messages.length; start = end) {
        end = setEnd(messages, start, settings.batch_num_messages, limits);
        const bytes = encodeEntry(messages, start, end, settings.compression_type, offload, limits);
        entries.push(packedEntry(bytes, waiting.slice(start, end), durability, options));
      }
    }
  }
}

function packedEntry(
  packed: Buffer | Promise<Buffer>,
  waiting: readonly Waiting[],
  durability: Durability,
  { reject }: PackOptions,
): PackedEntry {
  const count = waiting.length;
  const toEntry = (bytes: Buffer): WaitingEntry => {
    return { bytes, crc32: derivedCrc32(bytes), count, durability, waiting };
  };
  if (!(packed instanceof Promise)) return toEntry(packed);
  return packed.then(toEntry, (error: unknown) => {
    reject(waiting, error);
    return undefined;
  });
}
