/**
 * The two copies of a topic's state on the disk, as they are read: an opening verifies the newer one, and the other one
 * only where that does not count. state-files.ts writes them.
 *
 *     0      4          12        20     24
 *     | NLST | sequence | through | crc  | state
 *       4B     f64        f64       u32
 *
 * Big-endian. crc is that of all other bytes. What the state's own bytes mean: lib/topic/state-codec.ts.
 */
import { crc32 } from "../base/checksum.ts";
import type { Disk, DiskFile } from "../disk/disk.ts";
import { failedRead } from "../disk/disk-refusals.ts";
import type { KeptState, StateBytes } from "../topic/storage.ts";
import type { Limits } from "./limits.ts";
import { type Copy, DamagedCopy, readCopies, readCopy } from "./two-copies.ts";

export const STATE_NAMES: readonly string[] = ["state", "state.copy"];

const MAGIC = "NLST";
const SEQUENCE = 4;
const THROUGH = 12;
const CRC = 20;
export const HEAD_BYTES = 24;
/** Memory that is new costs more than reading a file that is in the page cache, so a state has little of it at a time. */
const WINDOW_BYTES = 256 * 1024;

interface StateHead {
  readonly sequence: number;
  readonly through: number;
}

/** All of it has its checksum. */
interface SoundState extends StateHead, KeptState {
  readonly status: "sound";
}

/** What its head says; nobody has looked at the rest. */
interface UnverifiedState extends StateHead {
  readonly status: "unverified";
}

export type StateCopy = Copy<SoundState | UnverifiedState>;
export type VerifiedCopy = Copy<SoundState>;

/** Where copies lie, and how large one may be. */
export interface StatePlace {
  readonly disk: Disk;
  readonly folder: string;
  readonly limits: Limits;
}

/** Both copies, as far as an opening needs them: the newest sound one of no more than the log has is verified. */
export async function openStateCopies(place: StatePlace, logEndOffset: number): Promise<StateCopy[]> {
  const copies = await readCopies<SoundState | UnverifiedState>(STATE_NAMES, (name) => readHead(place, name));
  const found = copies.filter((copy) => copy.status === "unverified");
  for (const { name, through } of found.toSorted((a, b) => b.sequence - a.sequence)) {
    if (through > logEndOffset) continue;
    const copy = await readCopy<SoundState>(name, () => verify(place, name));
    copies[STATE_NAMES.indexOf(name)] = copy;
    if (copy.status === "sound") break;
  }
  return copies;
}

/** Both copies, verified. */
export function checkStateCopies(place: StatePlace): Promise<VerifiedCopy[]> {
  return readCopies(STATE_NAMES, (name) => verify(place, name));
}

/** The newest that counts: sound, and of no more than the log has. */
export function usableState(
  copies: readonly StateCopy[],
  logEndOffset: number,
): Extract<StateCopy, SoundState> | undefined {
  return copies
    .filter((copy) => copy.status === "sound")
    .filter(({ through }) => through <= logEndOffset)
    .toSorted((a, b) => b.sequence - a.sequence)[0];
}

/** The head of a copy, but for its checksum. */
export function encodeHead({ sequence, through }: StateHead): Buffer {
  const head = Buffer.alloc(HEAD_BYTES);
  head.write(MAGIC, "latin1");
  head.writeDoubleBE(sequence, SEQUENCE);
  head.writeDoubleBE(through, THROUGH);
  return head;
}

/** What the checksum begins with. */
export function headCrc(head: Buffer): number {
  return crc32(head.subarray(0, CRC));
}

export function completeHead(head: Buffer, crc: number): void {
  head.writeUInt32BE(crc, CRC);
}

function readHead(place: StatePlace, name: string): Promise<UnverifiedState> {
  return withFile(place, name, async (file) => ({ status: "unverified", ...decodeHead(await headOf(file)) }));
}

function verify(place: StatePlace, name: string): Promise<SoundState> {
  return withFile(place, name, async (file, sizeBytes) => {
    const head = await headOf(file);
    const facts = decodeHead(head);
    const state = new FileBytes(file, sizeBytes - HEAD_BYTES);
    let crc = headCrc(head);
    for (let position = 0; position < state.sizeBytes; ) {
      const bytes = await state.at(position, 1);
      crc = crc32(bytes, crc);
      position += bytes.length;
    }
    if (crc !== head.readUInt32BE(CRC)) throw new DamagedCopy("does not have its checksum");
    return { status: "sound", ...facts, read: (use) => readAgain(place, name, state.sizeBytes, use) };
  });
}

async function readAgain<Result>(
  place: StatePlace,
  name: string,
  sizeBytes: number,
  use: (bytes: StateBytes) => Promise<Result>,
): Promise<Result> {
  try {
    return await withFile(place, name, (file) => use(new FileBytes(file, sizeBytes)));
  } catch (error) {
    throw failedRead(error);
  }
}

async function withFile<Result>(
  { disk, folder, limits }: StatePlace,
  name: string,
  use: (file: DiskFile, sizeBytes: number) => Promise<Result>,
): Promise<Result> {
  const path = `${folder}/${name}`;
  const stat = await disk.stat(path);
  const isTooLarge = stat !== undefined && stat.sizeBytes > limits.stateFileBytes;
  if (isTooLarge || (stat !== undefined && stat.kind !== "file")) throw notOurs();
  const file = disk.open(path, { readOnly: true });
  try {
    return await use(file, file.sizeBytes());
  } finally {
    file.close();
  }
}

async function headOf(file: DiskFile): Promise<Buffer> {
  const head = Buffer.alloc(HEAD_BYTES);
  if ((await file.read(head, 0)) < HEAD_BYTES) throw notOurs();
  return head;
}

function decodeHead(head: Buffer): StateHead {
  if (head.toString("latin1", 0, SEQUENCE) !== MAGIC) throw notOurs();
  return { sequence: head.readDoubleBE(SEQUENCE), through: head.readDoubleBE(THROUGH) };
}

function notOurs(): DamagedCopy {
  return new DamagedCopy("is no state of a topic");
}

/** The state in a file, through one window. */
class FileBytes implements StateBytes {
  readonly sizeBytes: number;
  readonly #file: DiskFile;
  readonly #window: Buffer;
  #start = 0;
  #held: Buffer = Buffer.alloc(0);

  constructor(file: DiskFile, sizeBytes: number) {
    this.#file = file;
    this.sizeBytes = sizeBytes;
    this.#window = Buffer.allocUnsafeSlow(Math.min(sizeBytes, WINDOW_BYTES));
  }

  async at(position: number, length: number): Promise<Buffer> {
    const end = Math.min(position + length, this.sizeBytes);
    if (position < this.#start || end > this.#start + this.#held.length) {
      const wanted = this.#window.subarray(0, Math.min(this.#window.length, this.sizeBytes - position));
      const filledBytes = await this.#file.read(wanted, HEAD_BYTES + position);
      if (filledBytes < wanted.length) throw new DamagedCopy("is cut off");
      [this.#start, this.#held] = [position, wanted];
    }
    return this.#held.subarray(position - this.#start);
  }
}
