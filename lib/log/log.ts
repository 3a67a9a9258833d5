/**
 * What a topic asks of its log. One implementation is the segmented log on local files (segmented-log.ts);
 * nothing above this interface knows of files. Offsets count messages, from 0, dense. Ranges are half-open.
 */

/** `synced`: on the disk, survives loss of power. `written`: in the page cache, survives kill -9. */
export type Durability = "written" | "synced";

/** One entry becomes one frame: all or nothing over a crash. */
export interface LogEntry {
  /** The entry's bytes; borrowed until the append resolves. */
  readonly bytes: Uint8Array;
  /**
   * So many bytes in front of `bytes`, in the same memory, are the log's to write to, and with them `bytes` itself is
   * its for good: a large frame is then written from where it lies, and kept. None when absent.
   */
  readonly headroomBytes?: number;
  /** The CRC-32 of `bytes`, where it is known. */
  readonly crc32?: number | undefined;
  /** Messages in it, at least 1. */
  readonly count: number;
  /** What must be reached before its append resolves. */
  readonly durability: Durability;
  /** For appendFrames alone: the offset and the time that the entry brings. */
  readonly given?: Pick<Appended, "baseOffset" | "timestampMs">;
  /** On what the append depends. Such an entry is written alone. */
  readonly guard?: AppendGuard;
  /** With it the log ends for good: nothing is appended behind it. */
  readonly closes?: boolean;
}

/** Decides whether an entry is appended. It is asked where offsets are assigned, in one go with the write. */
export interface AppendGuard {
  /** Two appends of one identity are one, sent twice. None when absent. */
  readonly identity?: string | undefined;
  /** All that the guard's answers depend on: appends of different subjects are written together. None when absent. */
  readonly subject?: string | undefined;
  /**
   * What was appended before in the place of this entry. Then nothing is written, and the append has that one's outcome:
   * also where the log takes no appends. @throws NetlogError: another entry was.
   */
  original(): Original | undefined;
  /** @throws NetlogError: the entry may not become message `offset`. Nothing is written then. */
  require(offset: number): void;
  /** The entry is written, and as durable as asked for when its append resolves. */
  written(baseOffset: number, timestampMs: number): void;
}

/** An entry that was written earlier, maybe in another life of the process. */
export interface Original {
  /** Undefined where that is forgotten. */
  readonly baseOffset: number | undefined;
  /** Offset behind its last message, or beyond it where `baseOffset` is forgotten. */
  readonly endOffset: number;
  readonly timestampMs: number;
  /** Messages in it; undefined where that is forgotten. */
  readonly count: number | undefined;
}

export interface Appended {
  /** Offset of the first message; those of the other messages follow without gaps. */
  readonly baseOffset: number;
  /** The server's time of all of them, ms. */
  readonly timestampMs: number;
  /** Its guard knew an earlier entry in its place, and nothing was written: offset and time are those of that entry. */
  readonly original?: Original;
}

/** Consecutive whole frames as they lie in the file, checked. The bytes never change, save in a buffer of the reader. */
export interface FrameRun {
  readonly baseOffset: number;
  readonly endOffset: number;
  readonly bytes: Buffer;
}

/** A stateless walk that remembers where it was, so that reading on costs no lookup. Holds no buffer. */
export interface LogCursor {
  /**
   * Whole frames from the one that holds `offset` on, up to `maxBytes`, at least one frame; may be fewer than
   * there are. `undefined` when there is nothing to read at `offset` yet (offset >= highWatermark).
   *
   * With `into`, frames of the disk that fit in are read into it, past all caches: a reader of much data reads it once,
   * and memory that is used again costs a third of new memory (test/bench). The run may then be a view of it.
   *
   * @throws offset_not_found (with firstOffset) for what retention dropped; checksum_error (with offset,
   *   nextOffset, place) when the frame that holds `offset` is damaged; topic_unavailable when the
   *   disk cannot be read; topic_not_found when the log was deleted; shutting_down when it was closed.
   */
  read(offset: number, maxBytes: number, into?: Buffer): Promise<FrameRun | undefined>;
  /** What `read` would give, where that is in memory; else `undefined`: then `read` has it, or tells why not. */
  readHeld(offset: number, maxBytes: number): FrameRun | undefined;
}

export interface LogLimits {
  readonly segmentSizeBytes: number;
  /** The active segment is rolled when its first message is older than an eighth of this. */
  readonly segmentAgeMs: number;
  /** 0: no limit. */
  readonly retentionSizeBytes: number;
  readonly durability: Durability;
  /** How often a `written` log is synced in the background. */
  readonly syncIntervalMs: number;
}

export interface SegmentDescription {
  readonly baseOffset: number;
  /** Data and index files together. */
  readonly diskSizeBytes: number;
  readonly dataSizeBytes: number;
  readonly modifiedAtMs: number;
}

export interface LogDescription {
  readonly logStartOffset: number;
  readonly logEndOffset: number;
  readonly highWatermark: number;
  readonly diskSizeBytes: number;
  readonly modifiedAtMs: number;
  readonly segments: readonly SegmentDescription[];
}

/** Offsets `[offset, nextOffset)` cannot be read. */
export interface Damage {
  readonly offset: number;
  readonly nextOffset: number;
  /** Where the log keeps them, in words for the operator that only the log can spell. */
  readonly place: string;
  readonly type: "checksum" | "length" | "unknown";
  readonly expected: string;
  readonly actual: string;
}

export type VerifyStep =
  | { readonly kind: "frames"; readonly run: FrameRun }
  | { readonly kind: "damage"; readonly damage: Damage };

/**
 * Why a waiter was called. `ended`: the log was closed for good, and all of it can be read. `deleted` and `closed` come
 * once, and stop the log for this process.
 */
export type WakeReason = "readable" | "ended" | "deleted" | "closed";

/**
 * Keeps something in step with the log. All calls come synchronously, and what was written by then is all that the
 * guards of the log have seen written.
 */
export interface LogFollower {
  /** Why the follower cannot keep step with an entry of another log; `undefined`: it can. */
  refusalOf(entry: Buffer): string | undefined;
  /** A sync begins that covers everything that was written. */
  syncBegins(): void;
  /** `syncedEndOffset` has advanced. */
  syncEnded(): void;
  /** A segment was sealed, and all that was written is on the disk. */
  rolled(): void;
  /** The log has written its index: an opening walks what comes behind. A sync of more is to come. */
  checkpointed(): void;
  /** A write or a sync has failed, and nobody knows what is there. */
  failed(): void;
}

export interface Log {
  /** First offset still kept, inclusive. */
  readonly logStartOffset: number;
  /** Next offset to assign, exclusive. */
  readonly logEndOffset: number;
  /** Readable below this, exclusive. */
  readonly highWatermark: number;
  /** Everything below is on the disk. */
  readonly syncedEndOffset: number;
  /** Bytes of all segments, data and index. */
  readonly diskSizeBytes: number;
  /** When the newest message was written; `undefined` where none ever was. */
  readonly newestAtMs: number | undefined;
  /**
   * Where another server may take the log: resolves when it was still this one's; `undefined`: it is for certain. Absent
   * where nobody can.
   *
   * @throws topic_unavailable.
   */
  confirm?(): Promise<void> | undefined;
  /** Those that wait to be woken. */
  readonly waiterCount: number;
  /** It takes no more messages for good, or will not if what is under way succeeds. */
  readonly isClosing: boolean;
  /** It has ended for good, and everything can be read. */
  readonly isEnded: boolean;

  /**
   * Appends the entries in order, all frames in one joined write, before it returns where it can (a roll makes
   * them wait). Gives a promise for each entry, which settles on its own: it resolves when the entry has reached
   * its durability.
   *
   * Each rejects with storage_full: the entry was not kept; sync_failed: unknown, it may be there after a restart;
   * topic_unavailable: the log failed earlier, it was not kept; topic_not_found: deleted; shutting_down: closed;
   * topic_closed: the log is closed for good; and with what its guard throws.
   */
  append(entries: readonly LogEntry[]): Promise<Appended>[];

  /**
   * Appends whole frames of another log as they are, in the exchange format (frame.ts): with the offsets and times that
   * they bring, and an `unsynced` of this log's own. They are borrowed until the promise settles; it resolves when all
   * have reached `durability`.
   *
   * @throws bad_request: a frame is damaged or cut off, or the follower refuses it, and none is kept; or it begins elsewhere than at the end of the
   *   log (with nextOffset), or is older than the message before it, and the frames before it are kept. And what
   *   `append` rejects with.
   */
  appendFrames(frames: Buffer, durability: Durability): Promise<void>;

  /**
   * Ends the log for good, as the append of an entry that closes does: everything before is synced, then `keep` makes the
   * end durable, and appends wait meanwhile. Nothing happens to a log that is closed for good.
   *
   * @throws sync_failed; what append throws; and what `keep` throws: after sync_failed nobody knows, and the log takes no
   *   appends until it is opened again.
   */
  closeForGood(keep: () => Promise<void>): Promise<void>;

  /** It was closed for good in an earlier life. To be called right after opening. */
  wasClosedForGood(): void;

  /** At most one. */
  follow(follower: LogFollower): void;

  openCursor(): LogCursor;

  /**
   * Calls `wake` once, when `offset` is readable or the log ends; at once (before returning) when that is so
   * already. Waiters are woken in the order in which they came. The function returned cancels, idempotently.
   */
  waitFor(offset: number, wake: (reason: WakeReason) => void): () => void;

  /** Offset of the first message not older than `timeMs`; logEndOffset when all are older. */
  offsetAt(timeMs: number): Promise<number>;

  describe(): Promise<LogDescription>;

  /**
   * Walks all frames from the one that holds `from` to highWatermark, from the disk, checking everything. The bytes of a
   * step are borrowed until the next one is asked for.
   */
  verify(from: number): AsyncGenerator<VerifyStep, void, void>;

  /** For what comes. From `written` to `synced` it syncs first. */
  setLimits(limits: LogLimits): Promise<void>;

  /**
   * Seals the active segment, where it holds messages: what is appended from now on begins another one. For a copy whose
   * segments are those of its source. Where that fails, this or the next append says why. @throws topic_unavailable.
   */
  beginSegment(): Promise<void>;

  /**
   * One round of the monitor: rolls an active segment that has grown old, drops sealed segments whose last
   * message is older than `expireBeforeMs`, and the oldest while the log is over retentionSizeBytes; none that reaches
   * beyond `dropBelow`.
   */
  applyRetention(expireBeforeMs: number, dropBelow?: number): Promise<void>;

  /**
   * Retention drops no segment while `work` runs. Segments may be sealed and begun meanwhile; sealed ones never change.
   */
  keepSegments<Result>(work: () => Promise<Result>): Promise<Result>;

  /** Resolves when everything appended so far is on the disk. @throws sync_failed, topic_unavailable. */
  sync(): Promise<void>;

  /** Writes in the background where what is synced ends and lies: an opening after a crash walks what comes behind. */
  writeIndex(): void;

  /** Finishes appends, syncs, writes the index, closes files; waiters get `closed`. Idempotent. */
  close(): Promise<void>;

  /** Refuses everything from now on, wakes waiters with `deleted`, closes files. Removing them is the caller's. */
  delete(): Promise<void>;
}
