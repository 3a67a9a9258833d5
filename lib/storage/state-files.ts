/**
 * A topic's state on the disk: two copies, of which a change replaces the older one, so that a damaged file costs
 * nothing. The newer copy counts that is sound and speaks of no more than the log has.
 *
 *     0      4          12        20     24
 *     | NLST | sequence | through | crc  | state
 *       4B     f64        f64       u32
 *
 * Big-endian. crc is that of all other bytes. What the state's own bytes mean: lib/topic/state-codec.ts.
 */
import { crc32 } from "../base/checksum.ts";
import type { Logger } from "../base/logger.ts";
import type { Runtime } from "../base/runtime.ts";
import { WorkMeter } from "../base/work-meter.ts";
import type { Disk, DiskFile } from "../disk/disk.ts";
import { refusedWrite } from "../disk/disk-refusals.ts";
import { writeWhole } from "../disk/write-whole.ts";
import type { KeptState, StateStore, StateToKeep } from "../topic/storage.ts";
import type { Limits } from "./limits.ts";
import { type Copy, DamagedCopy, readCopies, refuseUnreadable, replaceCopy } from "./two-copies.ts";

export const STATE_NAMES: readonly string[] = ["state", "state.copy"];

const MAGIC = "NLST";
const SEQUENCE = 4;
const THROUGH = 12;
const CRC = 20;
const HEAD_BYTES = 24;

interface SoundState extends KeptState {
  readonly status: "sound";
  readonly sequence: number;
}

export type StateCopy = Copy<SoundState>;

/** Both copies. */
export function readStateCopies(disk: Disk, folder: string, limits: Limits): Promise<StateCopy[]> {
  return readCopies(STATE_NAMES, async (name) => {
    const path = `${folder}/${name}`;
    const stat = await disk.stat(path);
    const isTooLarge = stat !== undefined && stat.sizeBytes > limits.stateFileBytes;
    if (isTooLarge || (stat !== undefined && stat.kind !== "file")) throw notOurs();
    return decode(await disk.readFile(path));
  });
}

/** Those that count, the newest first: sound, and of no more than the log has. */
export function usableStates(
  copies: readonly StateCopy[],
  logEndOffset: number,
): Extract<StateCopy, SoundState>[] {
  return copies
    .filter((copy) => copy.status === "sound")
    .filter(({ through }) => through <= logEndOffset)
    .toSorted((a, b) => b.sequence - a.sequence);
}

function decode(bytes: Buffer): SoundState {
  if (bytes.length < HEAD_BYTES || bytes.toString("latin1", 0, SEQUENCE) !== MAGIC) throw notOurs();
  const state = bytes.subarray(HEAD_BYTES);
  if (crc32(state, crc32(bytes.subarray(0, CRC))) !== bytes.readUInt32BE(CRC)) {
    throw new DamagedCopy("does not have its checksum");
  }
  const [sequence, through] = [bytes.readDoubleBE(SEQUENCE), bytes.readDoubleBE(THROUGH)];
  return { status: "sound", sequence, through, bytes: state };
}

function notOurs(): DamagedCopy {
  return new DamagedCopy("is no state of a topic");
}

export interface StateFilesOptions {
  readonly disk: Disk;
  readonly runtime: Pick<Runtime, "pause">;
  readonly logger: Logger;
  readonly folder: string;
  readonly logEndOffset: number;
  /** As StateStore has it. */
  readonly startsAt: number;
  /** The topic has kept a state before. */
  readonly hasState: boolean;
  /** Makes `hasState` true of the next opening; durable when it resolves. */
  readonly noteState: () => Promise<void>;
}

interface CopyFacts {
  sequence: number;
  through: number;
}

export class StateFiles implements StateStore {
  readonly found: readonly KeptState[];
  readonly isLost: boolean;
  readonly startsAt: number;
  readonly #options: StateFilesOptions;
  /** By name; of what cannot be used, the oldest there could be. */
  readonly #copies: Map<string, CopyFacts>;
  #isNoted: boolean;

  /** @throws topic_unavailable: no copy counts, and the system does not let one be read. */
  constructor(copies: readonly StateCopy[], options: StateFilesOptions) {
    this.#options = options;
    this.startsAt = options.startsAt;
    const usable = usableStates(copies, options.logEndOffset);
    if (usable.length === 0) refuseUnreadable(copies);
    this.found = usable;
    this.#isNoted = options.hasState;
    const hadState = options.hasState || copies.some(({ status }) => status !== "missing");
    this.isLost = usable.length === 0 && hadState;
    for (const copy of copies) {
      if (copy.status !== "damaged" && copy.status !== "unreadable") continue;
      const file = `${options.folder}/${copy.name}`;
      options.logger.warn({ err: copy.cause, file }, `a copy of the topic's state ${copy.trouble}`);
    }
    const factsOf = (copy: StateCopy): CopyFacts => {
      const known = usable.find(({ name }) => name === copy.name);
      return { sequence: known?.sequence ?? 0, through: known?.through ?? 0 };
    };
    this.#copies = new Map(copies.map((copy) => [copy.name, factsOf(copy)]));
  }

  get keptThrough(): number {
    return Math.min(...[...this.#copies.values()].map(({ through }) => through));
  }

  async replace({ through, pieces }: StateToKeep): Promise<void> {
    const { disk, folder } = this.#options;
    await this.#noteOnce();
    const [older, newer] = [...this.#copies].toSorted(([, a], [, b]) => a.sequence - b.sequence);
    const [name, facts] = older!;
    const head = Buffer.alloc(HEAD_BYTES);
    head.write(MAGIC, "latin1");
    head.writeDoubleBE(newer![1].sequence + 1, SEQUENCE);
    head.writeDoubleBE(through, THROUGH);
    const write = (file: DiskFile): Promise<void> => this.#write(file, head, pieces());
    await replaceCopy(disk, `${folder}/${name}`, write, { start: head, what: "the topic's state" });
    facts.sequence = newer![1].sequence + 1;
    facts.through = through;
  }

  /** Before the first state is there: its files are missed from then on. */
  async #noteOnce(): Promise<void> {
    if (this.#isNoted) return;
    try {
      await this.#options.noteState();
    } catch (error) {
      throw refusedWrite(error);
    }
    this.#isNoted = true;
  }

  /** The checksum is known when all is written, and so the head comes last. */
  async #write(file: DiskFile, head: Buffer, pieces: Iterable<Buffer>): Promise<void> {
    const meter = new WorkMeter();
    let crc = crc32(head.subarray(0, CRC));
    let position = HEAD_BYTES;
    for (const piece of pieces) {
      writeWhole(file, piece, position);
      crc = crc32(piece, crc);
      position += piece.length;
      if (meter.isDue(piece.length)) await this.#options.runtime.pause();
    }
    head.writeUInt32BE(crc, CRC);
    writeWhole(file, head, 0);
  }
}
