/**
 * A disk that fails as planned, in front of any other. It counts the operations that a plan could hit, so that a
 * test can fail the first, the second, the third of them until a run sees no failure at all.
 */
import type { Disk, DiskFile, DiskLock, FileStat } from "../../lib/disk/disk.ts";
import { diskError } from "../../lib/disk/disk-error.ts";
import { MemoryFile } from "./memory-file.ts";

export type OperationKind = Exclude<keyof DiskFile | keyof Disk, "close">;

export interface Operation {
  readonly kind: OperationKind;
  /** A rename's old name; a link's new one. */
  readonly path: string;
}

export interface Fault {
  /** Node's code: EIO, ENOSPC, EMFILE, ... */
  readonly code: string;
  /** Which of the matching operations fails, from 1 (the default). */
  readonly nth?: number;
  /** What can fail; everything but closing by default. */
  readonly kinds?: readonly OperationKind[];
  readonly path?: RegExp;
  /** Whether all that match from then on fail too. */
  readonly lasting?: boolean;
  /** A write that is hit first takes so many bytes, fewer than asked; the next write to this file fails. */
  readonly shortBytes?: number;
}

export class FaultyDisk implements Disk {
  readonly inner: Disk;
  /** What failed first, of the present plan; `undefined` while nothing has. */
  hit: Operation | undefined;
  /** Operations that matched the present plan so far. */
  matched = 0;
  #fault: Fault | undefined;

  constructor(inner: Disk, fault?: Fault) {
    this.inner = inner;
    this.#fault = fault;
  }

  /** Begins another plan, and counts anew; without one nothing fails. */
  plan(fault?: Fault): void {
    this.#fault = fault;
    this.hit = undefined;
    this.matched = 0;
  }

  open(path: string, options?: { readonly readOnly?: boolean }): DiskFile {
    this.#check("open", path);
    return new FaultyFile(this, this.inner.open(path, options), path);
  }

  create(path: string): DiskFile {
    this.#check("create", path);
    return new FaultyFile(this, this.inner.create(path), path);
  }

  async readFile(path: string): Promise<Buffer> {
    this.#check("readFile", path);
    return await this.inner.readFile(path);
  }

  async list(folder: string): Promise<string[]> {
    this.#check("list", folder);
    return await this.inner.list(folder);
  }

  async stat(path: string): Promise<FileStat | undefined> {
    this.#check("stat", path);
    return await this.inner.stat(path);
  }

  async makeFolder(path: string): Promise<void> {
    this.#check("makeFolder", path);
    await this.inner.makeFolder(path);
  }

  async link(from: string, to: string): Promise<void> {
    this.#check("link", to);
    await this.inner.link(from, to);
  }

  async rename(from: string, to: string): Promise<void> {
    this.#check("rename", from);
    await this.inner.rename(from, to);
  }

  async remove(path: string): Promise<void> {
    this.#check("remove", path);
    await this.inner.remove(path);
  }

  async removeTree(path: string): Promise<void> {
    this.#check("removeTree", path);
    await this.inner.removeTree(path);
  }

  async syncFolder(folder: string): Promise<void> {
    this.#check("syncFolder", folder);
    await this.inner.syncFolder(folder);
  }

  async lock(folder: string): Promise<DiskLock> {
    this.#check("lock", folder);
    return await this.inner.lock(folder);
  }

  /** Counts an operation; returns the fault when it is to fail. */
  faultFor(kind: OperationKind, path: string): Fault | undefined {
    const fault = this.#fault;
    if (fault === undefined || !matches(fault, kind, path)) return undefined;
    this.matched += 1;
    const nth = fault.nth ?? 1;
    if (this.matched < nth || (this.matched > nth && fault.lasting !== true)) return undefined;
    this.hit ??= { kind, path };
    return fault;
  }

  #check(kind: OperationKind, path: string): void {
    const fault = this.faultFor(kind, path);
    if (fault !== undefined) throw diskError(fault.code, kind, path);
  }
}

class FaultyFile implements DiskFile {
  readonly #disk: FaultyDisk;
  readonly #inner: DiskFile;
  readonly #path: string;
  /** Set after a short write: why the rest cannot be written. */
  #shortOf: Fault | undefined;

  constructor(disk: FaultyDisk, inner: DiskFile, path: string) {
    this.#disk = disk;
    this.#inner = inner;
    this.#path = path;
  }

  write(bytes: Uint8Array, position: number): number {
    const rest = this.#shortOf;
    this.#shortOf = undefined;
    if (rest !== undefined) throw diskError(rest.code, "write", this.#path);
    const fault = this.#disk.faultFor("write", this.#path);
    if (fault === undefined) return this.#inner.write(bytes, position);
    const taken = Math.min(fault.shortBytes ?? 0, bytes.length - 1);
    if (taken <= 0) throw diskError(fault.code, "write", this.#path);
    this.#shortOf = fault;
    return this.#inner.write(bytes.subarray(0, taken), position);
  }

  async read(into: Uint8Array, position: number): Promise<number> {
    this.#check("read");
    return await this.#inner.read(into, position);
  }

  truncate(sizeBytes: number): void {
    this.#check("truncate");
    this.#inner.truncate(sizeBytes);
  }

  async sync(): Promise<void> {
    const fault = this.#disk.faultFor("sync", this.#path);
    if (fault === undefined) return await this.#inner.sync();
    const error = diskError(fault.code, "sync", this.#path);
    if (this.#inner instanceof MemoryFile) return await this.#inner.failSync(error);
    throw error;
  }

  sizeBytes(): number {
    this.#check("sizeBytes");
    return this.#inner.sizeBytes();
  }

  close(): void {
    this.#inner.close();
  }

  #check(kind: OperationKind): void {
    const fault = this.#disk.faultFor(kind, this.#path);
    if (fault !== undefined) throw diskError(fault.code, kind, this.#path);
  }
}

function matches(fault: Fault, kind: OperationKind, path: string): boolean {
  return (fault.kinds?.includes(kind) ?? true) && (fault.path?.test(path) ?? true);
}
