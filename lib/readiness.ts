/** Whether the data folder can be used now: the lock is still in it, and a small file can be written there. */
import { LOCK_PREFIX, PROBE_NAME } from "./data-folder.ts";
import type { Disk } from "./disk/disk.ts";
import { hasCode } from "./disk/disk-error.ts";
import { isNoRoom } from "./log/disk-errors.ts";

export class FolderProbe {
  readonly #disk: Disk;
  readonly #folder: string;
  readonly #bytes: Buffer;
  #inFlight: Promise<string | undefined> | undefined;

  /** Writes `sizeBytes` each time: a disk may have room for a name, and for nothing in it. */
  constructor(disk: Disk, folder: string, sizeBytes: number) {
    this.#disk = disk;
    this.#folder = folder;
    this.#bytes = Buffer.alloc(sizeBytes, 1);
  }

  /** What is wrong with it, for whoever runs the server; those who ask at the same time share an answer. */
  trouble(): Promise<string | undefined> {
    this.#inFlight ??= this.#look().finally(() => {
      this.#inFlight = undefined;
    });
    return this.#inFlight;
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
