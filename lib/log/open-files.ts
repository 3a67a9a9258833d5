/**
 * Descriptors of all logs, within one budget. A file is opened when it is used, stays open for the next use, and
 * the one that was used longest ago is closed when there are too many, never while a read, write or sync of it is
 * in flight: Node would hand out another file's bytes if the descriptor's number were given anew meanwhile.
 */
import type { Disk, DiskFile } from "../disk/disk.ts";

export class OpenFiles {
  readonly #disk: Disk;
  readonly #maxOpen: number;
  /** Open files, the one used longest ago first. */
  readonly #open = new Set<PooledFile>();

  constructor(disk: Disk, maxOpen: number) {
    this.#disk = disk;
    this.#maxOpen = maxOpen;
  }

  get openCount(): number {
    return this.#open.size;
  }

  /** A file that exists, or will when it is first used. */
  file(path: string): PooledFile {
    return new PooledFile(this, path);
  }

  /** Takes over a file that was just created at `path`. */
  adopt(path: string, file: DiskFile): PooledFile {
    const pooled = new PooledFile(this, path, file);
    this.touch(pooled);
    return pooled;
  }

  /** For PooledFile. */
  openNow(path: string): DiskFile {
    return this.#disk.open(path);
  }

  /** For PooledFile: `file` is open and was used just now. */
  touch(file: PooledFile): void {
    this.#open.delete(file);
    this.#open.add(file);
    if (this.#open.size > this.#maxOpen) this.#closeIdle();
  }

  /** For PooledFile: `file` was closed. */
  forget(file: PooledFile): void {
    this.#open.delete(file);
  }

  #closeIdle(): void {
    for (const file of this.#open) {
      if (this.#open.size <= this.#maxOpen) return;
      file.closeIfIdle();
    }
  }
}

export class PooledFile {
  readonly path: string;
  readonly #pool: OpenFiles;
  #file: DiskFile | undefined;
  /** Uses in flight; while there are any, the file stays open. */
  #uses = 0;
  #isDropped = false;

  constructor(pool: OpenFiles, path: string, file?: DiskFile) {
    this.#pool = pool;
    this.path = path;
    this.#file = file;
  }

  /** Another file of the same pool. */
  beside(path: string): PooledFile {
    return this.#pool.file(path);
  }

  /** Pairs with `release`. @throws what the disk throws on opening. */
  acquire(): DiskFile {
    if (this.#isDropped) throw new Error(`${this.path} was dropped`);
    this.#file ??= this.#pool.openNow(this.path);
    this.#uses++;
    this.#pool.touch(this);
    return this.#file;
  }

  release(): void {
    this.#uses--;
    if (this.#isDropped) this.closeIfIdle();
  }

  /** Reads `length` bytes from `position`, fewer only at the end of the file. */
  async read(position: number, length: number): Promise<Buffer> {
    const into = Buffer.allocUnsafeSlow(length);
    const got = await this.readInto(into, position);
    return got === length ? into : into.subarray(0, got);
  }

  /** Fills `into` from `position`, less only at the end of the file; returns the bytes read. */
  async readInto(into: Buffer, position: number): Promise<number> {
    const file = this.acquire();
    try {
      return await file.read(into, position);
    } finally {
      this.release();
    }
  }

  /** No new uses from now on; closed as soon as none is in flight. Idempotent. */
  drop(): void {
    this.#isDropped = true;
    this.closeIfIdle();
  }

  /** For OpenFiles. */
  closeIfIdle(): void {
    if (this.#uses > 0 || this.#file === undefined) return;
    this.#pool.forget(this);
    this.#file.close();
    this.#file = undefined;
  }
}
