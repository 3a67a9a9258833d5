/**
 * Walks the data of one segment of the Go NetLog from write to write. The data tells where each entry ends and how
 * many messages it holds, and checksums prove it; the index tells offsets and times, and leads on behind damage.
 * Where the two contradict, an entry that is whole is believed.
 */
import { damageFinding, type FileFinding, type FileWindow } from "../log/index.ts";
import type { Found } from "../message/flaw.ts";
import { type EntryRules, readGoEntry, type SoundEntry } from "./go-entry.ts";
import { GO_HEADER_BYTES, type GoIndex, type GoMark } from "./go-index.ts";
import type { GoSegmentFiles } from "./go-segment-files.ts";

export type GoStep =
  | {
      readonly kind: "entry";
      readonly baseOffset: number;
      readonly entry: SoundEntry;
      /** Absent: that of the entry before. */
      readonly timestampMs: number | undefined;
    }
  | { readonly kind: "finding"; readonly finding: FileFinding }
  /** So much of the data file is done with. */
  | { readonly kind: "progress"; readonly position: number };

/** How far to look for what settles a contradiction. */
const ENTRIES_AHEAD = 16;

interface Lost {
  readonly position: number;
  readonly offset: number;
  nextOffset: number;
  readonly found: Found;
}

export class GoSegmentWalk {
  readonly #files: GoSegmentFiles;
  readonly #index: GoIndex;
  readonly #window: FileWindow;
  readonly #rules: EntryRules;
  /** The next mark that was not passed yet. */
  #next = 0;
  #position = GO_HEADER_BYTES;
  #offset: number;
  #timestampMs: number | undefined;
  /** Joined while nothing good lies between. */
  #lost: Lost | undefined;
  /** The index contradicts entries that are whole. */
  #contradictions = 0;
  /** Messages that came behind the end of the index. */
  #unindexedCount = 0;

  constructor(files: GoSegmentFiles, index: GoIndex, window: FileWindow, rules: EntryRules) {
    this.#files = files;
    this.#index = index;
    this.#window = window;
    this.#rules = rules;
    this.#offset = files.baseOffset;
  }

  /** Where the segment's offsets end, once it was walked. */
  get endOffset(): number {
    const known = this.#mark === undefined ? this.#offset : this.#index.marks.at(-1)!.offset;
    return this.#files.nextBaseOffset ?? Math.max(this.#offset, known);
  }

  /** @throws what the disk throws. */
  async *steps(): AsyncGenerator<GoStep, void, void> {
    for (;;) {
      this.#passMarks();
      if (this.#position >= this.#window.sizeBytes || this.#offset >= this.#maxOffset) break;
      const entry = await readGoEntry(this.#window, this.#position, this.#rules);
      if (entry.kind === "flawed") yield* this.#skip(entry.found);
      else yield* this.#take(entry);
      yield { kind: "progress", position: this.#position };
    }
    yield* this.#end();
  }

  /** Offsets from here on are the next segment's. */
  get #maxOffset(): number {
    return this.#files.nextBaseOffset ?? Number.MAX_SAFE_INTEGER;
  }

  get #mark(): GoMark | undefined {
    return this.#index.marks[this.#next];
  }

  /** Where the place reached is one that the index names, its time counts from here on. */
  #passMarks(): void {
    const mark = this.#mark;
    if (mark?.position !== this.#position || mark.offset !== this.#offset) return;
    this.#timestampMs = mark.timestampMs ?? this.#timestampMs;
    this.#next++;
  }

  /** A whole entry: it stands, or its offsets cannot be true. */
  async *#take(entry: SoundEntry): AsyncGenerator<GoStep, void, void> {
    const endPosition = this.#position + entry.bytes.length;
    const endOffset = this.#offset + entry.count;
    for (let mark = this.#mark; mark !== undefined && mark.position <= endPosition; mark = this.#mark) {
      const isAgreed = mark.position === endPosition && mark.offset === endOffset;
      if (isAgreed) break;
      if (mark.position === endPosition && !(await this.#isRefuted(endPosition, endOffset))) {
        yield* this.#skip(countFound(mark.offset - this.#offset, entry.count));
        return;
      }
      this.#distrust();
    }
    // Behind it there is data left before the next mark, and so messages, which need offsets as well.
    while (this.#mark !== undefined && this.#mark.position > endPosition && this.#mark.offset <= endOffset) {
      this.#distrust();
    }
    if (endOffset > this.#maxOffset) {
      yield* this.#skip(countFound(this.#maxOffset - this.#offset, entry.count));
      return;
    }
    yield* this.#tellLost();
    if (this.#mark === undefined) this.#unindexedCount += entry.count;
    yield { kind: "entry", baseOffset: this.#offset, entry, timestampMs: this.#timestampMs };
    this.#position = endPosition;
    this.#offset = endOffset;
  }

  /**
   * The next mark names `position` rightly and another offset than `offset`: true when a later one, reached by whole
   * entries, tells what `offset` leads to, or when nothing is left that would know better; false when a later one is
   * off by just as much.
   */
  async #isRefuted(position: number, offset: number): Promise<boolean> {
    const { marks } = this.#index;
    const error = this.#mark!.offset - offset;
    let place = { position, offset };
    let next = this.#next + 1;
    for (let read = 0; read < ENTRIES_AHEAD && place.position < this.#window.sizeBytes; read++) {
      const entry = await readGoEntry(this.#window, place.position, this.#rules);
      if (entry.kind === "flawed") return false;
      place = { position: place.position + entry.bytes.length, offset: place.offset + entry.count };
      while (next < marks.length && marks[next]!.position < place.position) next++;
      const mark = marks[next];
      if (mark?.position !== place.position) continue;
      if (mark.offset === place.offset) return true;
      if (mark.offset === place.offset + error) return false;
    }
    if (place.position < this.#window.sizeBytes) return false;
    return place.offset === (this.#files.nextBaseOffset ?? place.offset);
  }

  #distrust(): void {
    this.#contradictions++;
    this.#next++;
  }

  /** Goes on at the next place that the index names, or at the end. */
  *#skip(found: Found): Generator<GoStep, void, void> {
    const mark = this.#mark;
    if (mark === undefined && this.#files.nextBaseOffset === undefined) {
      yield* this.#tellLost();
      yield { kind: "finding", finding: this.#unreachable(found) };
      this.#position = this.#window.sizeBytes;
      return;
    }
    this.#lose(mark?.offset ?? this.#maxOffset, found);
    this.#position = mark?.position ?? this.#window.sizeBytes;
  }

  #lose(nextOffset: number, found: Found): void {
    if (this.#lost === undefined) {
      this.#lost = { position: this.#position, offset: this.#offset, nextOffset, found };
    } else {
      this.#lost.nextOffset = nextOffset;
    }
    this.#offset = nextOffset;
  }

  *#tellLost(): Generator<GoStep, void, void> {
    const lost = this.#lost;
    if (lost === undefined) return;
    this.#lost = undefined;
    const { position, offset, nextOffset, found } = lost;
    const damage = { file: this.#files.dataPath, position, offset, nextOffset, ...found };
    yield { kind: "finding", finding: damageFinding(damage) };
  }

  *#end(): Generator<GoStep, void, void> {
    if (this.#offset < this.endOffset) {
      const expected = `messages up to offset ${this.endOffset - 1}`;
      this.#lose(this.endOffset, { type: "length", expected, actual: "the end of the data" });
    }
    yield* this.#tellLost();
    const leftBytes = this.#window.sizeBytes - this.#position;
    if (leftBytes > 0) {
      const message = `${leftBytes} bytes are left out: the next segment has the offsets that would be theirs`;
      yield { kind: "finding", finding: this.#finding("damage", this.#files.dataPath, message) };
    }
    yield* this.#tellOfIndex();
  }

  *#tellOfIndex(): Generator<GoStep, void, void> {
    const { disbelieved, isWhole } = this.#index;
    const path = this.#files.indexPath;
    const odd = (disbelieved?.count ?? 0) + this.#contradictions;
    const times = "their messages have the time of those before them";
    if (this.#files.indexBytes === undefined) {
      const message =
        "there is no index: messages were found by the data alone, times are when it was created";
      yield { kind: "finding", finding: { kind: "damage", file: path, message } };
    } else if (odd > 0) {
      const message = `${odd} entries contradict the others or the data and were left out; ${times}`;
      const place = disbelieved === undefined ? {} : { position: disbelieved.position };
      yield { kind: "finding", finding: { kind: "damage", file: path, ...place, message } };
    } else if (this.#unindexedCount > 0 || !isWhole) {
      const message = `the index is cut off; the ${this.#unindexedCount} messages behind its end have the time of the one before`;
      yield { kind: "finding", finding: { kind: "damage", file: path, message } };
    }
  }

  /** What lies behind the last place that has an offset. */
  #unreachable(found: Found): FileFinding {
    const bytes = this.#window.sizeBytes - this.#position;
    const { isWhole, disbelieved } = this.#index;
    const isCutOff = isWhole && disbelieved === undefined && this.#contradictions === 0;
    const message = isCutOff
      ? `the last ${bytes} bytes were being written when the server ended; the index does not count them`
      : `the last ${bytes} bytes cannot be read without the index; the messages in them are lost`;
    const finding = this.#finding(isCutOff ? "torn" : "damage", this.#files.dataPath, message);
    return { ...finding, ...found };
  }

  #finding(kind: FileFinding["kind"], file: string, message: string): FileFinding {
    return { kind, file, position: this.#position, offset: this.#offset, nextOffset: this.#offset, message };
  }
}

function countFound(expected: number, actual: number): Found {
  return { type: "length", expected: `${expected} messages`, actual: String(actual) };
}
