/** Whether the data folder can be used now: the lock is still in it, and a small file can be written there. */
import type { Runtime } from "../base/runtime.ts";
import type { Disk } from "../disk/disk.ts";
import { hasCode } from "../disk/disk-error.ts";
import { isNoRoom } from "../disk/disk-refusals.ts";
import { LOCK_PREFIX, PROBE_NAME } from "./data-folder.ts";
import type { Limits } from "./limits.ts";

export class FolderProbe {
  readonly #disk: Disk;
  readonly #folder: string;
  readonly #runtime: Runtime;
  /** Written each time: a disk may have room for a name, and for nothing in it. */
  readonly #bytes: Buffer;
  readonly #freshMs: number;
  /** The last look; those who ask while it is fresh share it. */
  #looked: Promise<string | undefined> | undefined;
  #freshUntilMs = 0;

  constructor(disk: Disk, folder: string, runtime: Runtime, { probeBytes, probeMs }: Limits) {
    this.#disk = disk;
    this.#folder = folder;
    this.#runtime = runtime;
    this.#bytes = Buffer.alloc(probeBytes, 1);
    this.#freshMs = probeMs;
  }

  /** What is wrong with it, for the operator, as it was within the last `probeMs`. */
  trouble(): Promise<string | undefined> {
    if (this.#looked === undefined || this.#runtime.elapsedMs() >= this.#freshUntilMs) {
      // No second look begins while one takes long.
      this.#freshUntilMs = Number.POSITIVE_INFINITY;
      this.#looked = this.#look().finally(() => {
        this.#freshUntilMs = this.#runtime.elapsedMs() + this.#freshMs;
      });
    }
    return this.#looked;
  }

  async #look(): Promise<string | undefined> {
    try {
      if ((await this.#disk.stat(`${this.#folder}/${LOCK_PREFIX}`)) === undefined) {
        return "the data folder is gone, or is another one than was opened";
      }
      await this.#write(`${this.#folder}/${PROBE_NAME}`);
      return undefined;
    } catch (error) {
      if (isNoRoom(error)) return "the disk is full";
      const code = error instanceof Error && "code" in error ? ` (${String(error.code)})` : "";
      return `the data folder cannot be written${code}`;
    }
  }

  async #write(path: string): Promise<void> {
    await this.#removeLeftover(path);
    const file = this.#disk.create(path);
    try {
      for (let position = 0; position < this.#bytes.length; ) {
        position += file.write(this.#bytes.subarray(position), position);
      }
    } finally {
      file.close();
      await this.#disk.remove(path);
    }
  }

  async #removeLeftover(path: string): Promise<void> {
    try {
      await this.#disk.remove(path);
    } catch (error) {
      if (!hasCode(error, "ENOENT")) throw error;
    }
  }
}
