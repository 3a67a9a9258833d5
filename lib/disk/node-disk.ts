/**
 * The real disk, on node:fs. Appends go to the page cache synchronously, where a write is a memory copy; what can
 * wait for the device (reads, syncs, names) is asynchronous.
 */
import assert from "node:assert/strict";
import fs from "node:fs";
import type { Disk, DiskFile, FileStat } from "./disk.ts";
import { diskError, hasCode } from "./disk-error.ts";
import { lockFolder } from "./folder-lock.ts";

export const nodeDisk: Disk = {
  open: (path, options) => new NodeFile(fs.openSync(path, options?.readOnly === true ? "r" : "r+"), path),
  create: (path) => new NodeFile(fs.openSync(path, "wx+"), path),
  readFile: (path) => fs.promises.readFile(path),
  list: async (folder) => (await fs.promises.readdir(folder)).sort(),
  stat: statFile,
  makeFolder: (path) => fs.promises.mkdir(path),
  link: (from, to) => fs.promises.link(from, to),
  rename: (from, to) => fs.promises.rename(from, to),
  remove: (path) => fs.promises.unlink(path),
  removeTree: (path) => fs.promises.rm(path, { recursive: true, force: true }),
  syncFolder,
  lock: lockFolder,
};

class NodeFile implements DiskFile {
  readonly #descriptor: number;
  readonly #path: string;
  #closed = false;
  #inFlight = 0;

  constructor(descriptor: number, path: string) {
    this.#descriptor = descriptor;
    this.#path = path;
  }

  write(bytes: Uint8Array, position: number): number {
    return fs.writeSync(this.#usable("write"), bytes, 0, bytes.length, position);
  }

  async read(into: Uint8Array, position: number): Promise<number> {
    const descriptor = this.#usable("read");
    this.#inFlight += 1;
    try {
      let filled = 0;
      while (filled < into.length) {
        const count = await readSome(descriptor, into.subarray(filled), position + filled);
        if (count === 0) break;
        filled += count;
      }
      return filled;
    } finally {
      this.#inFlight -= 1;
    }
  }

  truncate(sizeBytes: number): void {
    fs.ftruncateSync(this.#usable("ftruncate"), sizeBytes);
  }

  async sync(): Promise<void> {
    const descriptor = this.#usable("fdatasync");
    this.#inFlight += 1;
    try {
      await new Promise<void>((resolve, reject) => {
        fs.fdatasync(descriptor, (error) => (error === null ? resolve() : reject(error)));
      });
    } finally {
      this.#inFlight -= 1;
    }
  }

  sizeBytes(): number {
    return fs.fstatSync(this.#usable("fstat")).size;
  }

  close(): void {
    const descriptor = this.#usable("close");
    assert(this.#inFlight === 0, `${this.#path} closed while a read or sync is in flight`);
    this.#closed = true;
    fs.closeSync(descriptor);
  }

  /** A closed descriptor's number may be another file's by now, so it must never reach the system. */
  #usable(operation: string): number {
    if (this.#closed) throw diskError("EBADF", operation, this.#path);
    return this.#descriptor;
  }
}

/** At least one byte, fewer than asked for when the system likes; 0 at the end of the file. */
function readSome(descriptor: number, into: Uint8Array, position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    fs.read(descriptor, into, 0, into.length, position, (error, count) => {
      if (error === null) resolve(count);
      // libuv repeats interrupted calls of every kind but this one.
      else if (hasCode(error, "EINTR")) resolve(readSome(descriptor, into, position));
      else reject(error);
    });
  });
}

async function statFile(path: string): Promise<FileStat | undefined> {
  try {
    const stats = await fs.promises.stat(path);
    const kind = stats.isFile() ? "file" : stats.isDirectory() ? "folder" : "other";
    const { size, mtimeMs, nlink } = stats;
    return { kind, sizeBytes: size, modifiedAtMs: Math.floor(mtimeMs), linkCount: nlink };
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await fs.promises.open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
