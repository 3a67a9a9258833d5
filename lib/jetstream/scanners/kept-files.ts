/**
 * Small files as rows of messages: a scanner's position, the journal of one with acknowledgements, a topic's state. Each has
 * a subject of its own in the stream of its topic. A file is replaced as a whole, in parts where one message does not hold
 * it, and grows by what is added. What the bytes mean is the business of those who keep them.
 *
 * ```
 *  the body of a record:
 *  0      1        5
 *  | kind | number | bytes ...
 *    u8     u32
 * ```
 *
 * `number` counts the parts of one replacement from 0; it is 0 in other records. A replacement counts when its last record
 * is there, and until then the file is what it was before. Integers are big-endian.
 */

export type KeptKind = "part" | "whole" | "more" | "gone";

/** As the first byte of a record has them. */
const KINDS: readonly KeptKind[] = [
  /** Some bytes of a replacement, and not the last ones. */
  "part",
  /** The last ones. */
  "whole",
  /** They follow what is there. */
  "more",
  /** There is no such file any more. */
  "gone",
];

export const RECORD_HEAD_BYTES = 5;

export interface KeptRecord {
  readonly kind: KeptKind;
  readonly number: number;
  readonly bytes: Buffer;
}

/** What keeps such files. What is kept is in as many copies as the stream has when a call resolves. */
export interface KeptStore {
  /**
   * Puts the file in the place of what was there. The pieces are small enough to be handled in one go, and others have
   * their turn between two of them.
   *
   * @throws storage_full, topic_unavailable: what was there is kept; sync_failed: it may be either.
   */
  put(subject: string, pieces: Iterable<Buffer>): Promise<void>;
  /** Adds to a file that is there. @throws as put does. */
  add(subject: string, bytes: Buffer): Promise<void>;
  /** Removes a file. @throws as put does. */
  remove(subject: string): Promise<void>;
}

/** A file as it was read. */
export interface KeptFile {
  /** What it was replaced with last. */
  readonly whole: Buffer;
  /** What was added to that, one piece for each addition. */
  readonly more: readonly Buffer[];
}

export function encodeRecord({ kind, number, bytes }: KeptRecord): Buffer {
  const record = Buffer.allocUnsafe(RECORD_HEAD_BYTES + bytes.length);
  record[0] = KINDS.indexOf(kind);
  record.writeUInt32BE(number, 1);
  record.set(bytes, RECORD_HEAD_BYTES);
  return record;
}

/** `undefined`: it is none. */
export function decodeRecord(record: Buffer): KeptRecord | undefined {
  if (record.length < RECORD_HEAD_BYTES) return undefined;
  const kind = KINDS[record[0]!];
  if (kind === undefined) return undefined;
  return { kind, number: record.readUInt32BE(1), bytes: record.subarray(RECORD_HEAD_BYTES) };
}

interface Growing {
  whole: Buffer | undefined;
  more: Buffer[];
  parts: Buffer[];
  isDamaged: boolean;
}

/** Puts files together out of the records of a stream, in their order. */
export class KeptFiles {
  readonly #growing = new Map<string, Growing>();

  /** `undefined`: the record is damaged. */
  take(subject: string, record: KeptRecord | undefined): void {
    const file = this.#growing.get(subject) ?? { whole: undefined, more: [], parts: [], isDamaged: false };
    this.#growing.set(subject, file);
    switch (record?.kind) {
      case undefined:
        file.isDamaged = true;
        return;
      case "gone":
        this.#growing.delete(subject);
        return;
      case "more":
        // Purging may have left the additions to a file that was replaced meanwhile; they come before the replacement.
        if (file.whole !== undefined) file.more.push(record.bytes);
        return;
      case "part":
        // The rest of what was begun before, and came to nothing, is none of this replacement.
        if (record.number !== file.parts.length) file.parts = [];
        if (record.number === file.parts.length) file.parts.push(record.bytes);
        return;
      case "whole":
        if (record.number === file.parts.length || record.number === 0) this.#replace(file, record);
        return;
    }
  }

  /** Also those of replacements that are not whole. */
  get allSubjects(): Iterable<string> {
    return this.#growing.keys();
  }

  /** The subjects of files, also of damaged ones. */
  get subjects(): string[] {
    return [...this.#growing]
      .filter(([, { whole, isDamaged }]) => whole !== undefined || isDamaged)
      .map(([subject]) => subject);
  }

  /** `undefined`: there is none, or it is damaged. */
  file(subject: string): KeptFile | undefined {
    const { whole, more = [], isDamaged = false } = this.#growing.get(subject) ?? {};
    return whole === undefined || isDamaged ? undefined : { whole, more };
  }

  #replace(file: Growing, { number, bytes }: KeptRecord): void {
    file.whole = number === 0 ? bytes : Buffer.concat([...file.parts, bytes]);
    file.more = [];
    file.parts = [];
    file.isDamaged = false;
  }
}
