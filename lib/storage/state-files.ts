/**
 * A topic's state on the disk: two copies, of which a change replaces the older one, so that a damaged file costs
 * nothing. Of the sound ones that speak of no more than the log has, the newer counts.
 *
 *     0      4          12        20     24
 *     | NLST | sequence | through | crc  | state
 *       4B     f64        f64       u32
 *
 * Big-endian. crc is that of all other bytes. What the state's own bytes mean: lib/topic/state-codec.ts.
 */
import { crc32 } from "../base/checksum.ts";
import { NetlogError } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import { replaceFile } from "../disk/atomic-file.ts";
import type { Disk } from "../disk/disk.ts";
import { hasCode } from "../disk/disk-error.ts";
import { errorCode, refusedWrite } from "../disk/disk-refusals.ts";
import type { KeptState, StateStore } from "../topic/storage.ts";
import type { Limits } from "./limits.ts";

export const STATE_NAMES: readonly string[] = ["state", "state.copy"];

const MAGIC = "NLST";
const SEQUENCE = 4;
const THROUGH = 12;
const CRC = 20;
const HEAD_BYTES = 24;

export type StateCopy = { readonly name: string } & (
  | ({ readonly status: "sound"; readonly sequence: number } & KeptState)
  | { readonly status: "missing" }
  /** `trouble` goes on from the file's name. */
  | { readonly status: "damaged"; readonly trouble: string }
);

/** Both copies. @throws topic_unavailable: the system does not let one be read, and nobody knows what it says. */
export function readStateCopies(disk: Disk, folder: string, limits: Limits): Promise<StateCopy[]> {
  return Promise.all(STATE_NAMES.map((name) => readCopy(disk, folder, name, limits)));
}

async function readCopy(disk: Disk, folder: string, name: string, limits: Limits): Promise<StateCopy> {
  const path = `${folder}/${name}`;
  try {
    const stat = await disk.stat(path);
    if (stat === undefined) return { name, status: "missing" };
    if (stat.kind !== "file" || stat.sizeBytes > limits.stateFileBytes) {
      return { name, status: "damaged", trouble: "is no state of a topic" };
    }
    return decode(name, await disk.readFile(path));
  } catch (cause) {
    if (hasCode(cause, "ENOENT")) return { name, status: "missing" };
    throw new NetlogError("topic_unavailable", {
      reason: `${name} cannot be read (${errorCode(cause)})`,
      cause,
    });
  }
}

function decode(name: string, bytes: Buffer): StateCopy {
  const isOurs = bytes.length >= HEAD_BYTES && bytes.toString("latin1", 0, SEQUENCE) === MAGIC;
  if (!isOurs) return { name, status: "damaged", trouble: "is no state of a topic" };
  const state = bytes.subarray(HEAD_BYTES);
  if (crc32(state, crc32(bytes.subarray(0, CRC))) !== bytes.readUInt32BE(CRC)) {
    return { name, status: "damaged", trouble: "does not have its checksum" };
  }
  const [sequence, through] = [bytes.readDoubleBE(SEQUENCE), bytes.readDoubleBE(THROUGH)];
  return { name, status: "sound", sequence, through, bytes: state };
}

function encodeHead(sequence: number, through: number, pieces: readonly Buffer[]): Buffer {
  const head = Buffer.alloc(HEAD_BYTES);
  head.write(MAGIC, "latin1");
  head.writeDoubleBE(sequence, SEQUENCE);
  head.writeDoubleBE(through, THROUGH);
  let crc = crc32(head.subarray(0, CRC));
  for (const piece of pieces) crc = crc32(piece, crc);
  head.writeUInt32BE(crc, CRC);
  return head;
}

export interface StateFilesOptions {
  readonly disk: Disk;
  readonly logger: Logger;
  readonly folder: string;
  readonly logEndOffset: number;
}

interface CopyFacts {
  sequence: number;
  through: number;
}

export class StateFiles implements StateStore {
  readonly found: readonly KeptState[];
  readonly isLost: boolean;
  readonly #options: StateFilesOptions;
  /** By name; of what cannot be used, the oldest there could be. */
  readonly #copies: Map<string, CopyFacts>;

  constructor(copies: readonly StateCopy[], options: StateFilesOptions) {
    this.#options = options;
    const sound = copies
      .filter((copy) => copy.status === "sound")
      .filter(({ through }) => through <= options.logEndOffset)
      .toSorted((a, b) => b.sequence - a.sequence);
    this.found = sound;
    this.isLost = sound.length === 0 && copies.some(({ status }) => status !== "missing");
    for (const copy of copies) {
      if (copy.status !== "damaged") continue;
      const file = `${options.folder}/${copy.name}`;
      options.logger.warn({ file }, `a copy of the topic's state ${copy.trouble}`);
    }
    const factsOf = (copy: StateCopy): CopyFacts => {
      const known = sound.find(({ name }) => name === copy.name);
      return { sequence: known?.sequence ?? 0, through: known?.through ?? 0 };
    };
    this.#copies = new Map(copies.map((copy) => [copy.name, factsOf(copy)]));
  }

  get keptThrough(): number {
    return Math.min(...[...this.#copies.values()].map(({ through }) => through));
  }

  async replace({ through, pieces }: { through: number; pieces: readonly Buffer[] }): Promise<void> {
    const { disk, folder } = this.#options;
    const [older, newer] = [...this.#copies].toSorted(([, a], [, b]) => a.sequence - b.sequence);
    const [name, facts] = older!;
    const sequence = newer![1].sequence + 1;
    const bytes = Buffer.concat([encodeHead(sequence, through, pieces), ...pieces]);
    const path = `${folder}/${name}`;
    try {
      await replaceFile(disk, path, bytes);
    } catch (error) {
      if (!(await this.#holds(path, bytes))) throw refusedWrite(error);
      const reason = "the disk did not confirm the topic's state; it may be there after a restart";
      throw new NetlogError("sync_failed", { reason, cause: error });
    }
    facts.sequence = sequence;
    facts.through = through;
  }

  /** True also when that cannot be told. */
  async #holds(path: string, bytes: Buffer): Promise<boolean> {
    try {
      return bytes.equals(await this.#options.disk.readFile(path));
    } catch (error) {
      return !hasCode(error, "ENOENT");
    }
  }
}
