/** An open file of the memory disk. */
import assert from "node:assert/strict";
import type { DiskFile } from "../../lib/disk/disk.ts";
import { diskError } from "../../lib/disk/disk-error.ts";
import type { FileNode } from "./memory-tree.ts";

/** What an open file asks of its disk. */
export interface MemoryFileOwner {
  readonly now: () => number;
  assertAlive(operation: string, path: string): void;
  takeTurn<T>(operation: string, path: string, effect: () => T): Promise<T>;
  takeRoom(bytes: number): number;
}

export class MemoryFile implements DiskFile {
  readonly #disk: MemoryFileOwner;
  readonly #node: FileNode;
  readonly #path: string;
  readonly #readOnly: boolean;
  #closed = false;
  #inFlight = 0;

  constructor(disk: MemoryFileOwner, node: FileNode, path: string, readOnly: boolean) {
    this.#disk = disk;
    this.#node = node;
    this.#path = path;
    this.#readOnly = readOnly;
    node.openCount += 1;
  }

  write(bytes: Uint8Array, position: number): number {
    this.#assertUsable("write");
    if (this.#readOnly) throw diskError("EBADF", "write", this.#path);
    const { content } = this.#node;
    const growth = Math.max(0, position + bytes.length - content.sizeBytes);
    const room = this.#disk.takeRoom(growth);
    const written = bytes.length - (growth - room);
    if (written <= 0 && bytes.length > 0) {
      this.#disk.takeRoom(-room);
      throw diskError("ENOSPC", "write", this.#path);
    }
    content.write(bytes.subarray(0, written), position);
    this.#node.modifiedAtMs = this.#disk.now();
    return written;
  }

  async read(into: Uint8Array, position: number): Promise<number> {
    return await this.#takeTurn("read", () => this.#node.content.read(into, position));
  }

  truncate(sizeBytes: number): void {
    this.#assertUsable("ftruncate");
    if (this.#readOnly) throw diskError("EINVAL", "ftruncate", this.#path);
    const growth = sizeBytes - this.#node.content.sizeBytes;
    const room = this.#disk.takeRoom(growth);
    if (room < growth) {
      this.#disk.takeRoom(-room);
      throw diskError("ENOSPC", "ftruncate", this.#path);
    }
    this.#node.content.truncate(sizeBytes);
    this.#node.modifiedAtMs = this.#disk.now();
  }

  async sync(): Promise<void> {
    const { content } = this.#node;
    const covered = content.startSync();
    await this.#takeTurn("fdatasync", () => content.finishSync(covered));
  }

  /** A sync that fails, for the faulty disk: what it covered is seen by readers, and gone when the power goes. */
  async failSync(error: Error): Promise<never> {
    const { content } = this.#node;
    const covered = content.startSync();
    await this.#takeTurn("fdatasync", () => content.failSync(covered));
    throw error;
  }

  sizeBytes(): number {
    this.#assertUsable("fstat");
    return this.#node.content.sizeBytes;
  }

  close(): void {
    this.#assertUsable("close");
    assert(this.#inFlight === 0, `${this.#path} closed while a read or sync is in flight`);
    this.#closed = true;
    this.#node.openCount -= 1;
    if (this.#node.openCount === 0 && this.#node.linkCount === 0) {
      this.#disk.takeRoom(-this.#node.content.sizeBytes);
    }
  }

  async #takeTurn<T>(operation: string, effect: () => T): Promise<T> {
    this.#assertUsable(operation);
    this.#inFlight += 1;
    try {
      return await this.#disk.takeTurn(operation, this.#path, effect);
    } finally {
      this.#inFlight -= 1;
    }
  }

  #assertUsable(operation: string): void {
    this.#disk.assertAlive(operation, this.#path);
    if (this.#closed) throw diskError("EBADF", operation, this.#path);
  }
}
