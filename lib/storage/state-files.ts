/**
 * Keeps a topic's state in two copies (state-copies.ts), of which a change replaces the older one, so that a damaged file
 * costs nothing.
 */
import { crc32 } from "../base/checksum.ts";
import type { Logger } from "../base/logger.ts";
import type { Runtime } from "../base/runtime.ts";
import { WorkMeter } from "../base/work-meter.ts";
import type { Disk, DiskFile } from "../disk/disk.ts";
import { refusedWrite } from "../disk/disk-refusals.ts";
import { writeWhole } from "../disk/write-whole.ts";
import type { KeptState, StateStore, StateToKeep } from "../topic/storage.ts";
import {
  completeHead,
  encodeHead,
  HEAD_BYTES,
  headCrc,
  type StateCopy,
  usableState,
} from "./state-copies.ts";
import { refuseUnreadable, replaceCopy } from "./two-copies.ts";

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
  readonly found: KeptState | undefined;
  readonly isLost: boolean;
  readonly startsAt: number;
  readonly #options: StateFilesOptions;
  /** By name; of what cannot be used or was not verified, the oldest there could be. */
  readonly #copies: Map<string, CopyFacts>;
  #isNoted: boolean;

  /** @throws topic_unavailable: no copy counts, and the system does not let one be read. */
  constructor(copies: readonly StateCopy[], options: StateFilesOptions) {
    this.#options = options;
    this.startsAt = options.startsAt;
    const usable = usableState(copies, options.logEndOffset);
    if (usable === undefined) refuseUnreadable(copies);
    this.found = usable;
    this.#isNoted = options.hasState;
    const hadState = options.hasState || copies.some(({ status }) => status !== "missing");
    this.isLost = usable === undefined && hadState;
    for (const copy of copies) {
      if (copy.status !== "damaged" && copy.status !== "unreadable") continue;
      const file = `${options.folder}/${copy.name}`;
      options.logger.warn({ err: copy.cause, file }, `a copy of the topic's state ${copy.trouble}`);
    }
    const factsOf = ({ name }: StateCopy): CopyFacts =>
      usable?.name === name
        ? { sequence: usable.sequence, through: usable.through }
        : { sequence: 0, through: 0 };
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
    const sequence = newer![1].sequence + 1;
    const head = encodeHead({ sequence, through });
    const write = (file: DiskFile): Promise<void> => this.#write(file, head, pieces());
    await replaceCopy(disk, `${folder}/${name}`, write, { start: head, what: "the topic's state" });
    facts.sequence = sequence;
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
    let crc = headCrc(head);
    let position = HEAD_BYTES;
    for (const piece of pieces) {
      writeWhole(file, piece, position);
      crc = crc32(piece, crc);
      position += piece.length;
      if (meter.isDue(piece.length)) await this.#options.runtime.pause();
    }
    completeHead(head, crc);
    writeWhole(file, head, 0);
  }
}
