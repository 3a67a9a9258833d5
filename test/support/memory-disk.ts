/**
 * A disk in memory that knows what was synced, and can crash in two ways: of the process, which loses what was
 * open, and of the power, which loses what was not synced, or a random part of it. Everything it does is
 * deterministic: asynchronous operations take effect when they resolve, in microtasks or when a schedule says.
 */
import type { Disk, DiskFile, DiskLock, FileStat } from "../../lib/disk/disk.ts";
import { diskError } from "../../lib/disk/disk-error.ts";
import { MemoryContent } from "./memory-content.ts";
import { MemoryFile, type MemoryFileOwner } from "./memory-file.ts";
import {
  type FileNode,
  type FolderNode,
  type MemoryNode,
  MemoryTree,
  newFile,
  newFolder,
  type OtherNode,
} from "./memory-tree.ts";

export interface MemoryDiskOptions {
  /** Wall clock of modified times, ms; stands at 0 by default. */
  readonly now?: () => number;
  /** Bytes that fit; no limit by default. */
  readonly capacityBytes?: number;
  /** Says when an asynchronous operation takes effect; named like `sync /data/orders/x.data`. */
  readonly schedule?: (operation: string) => Promise<void>;
  /** Folders that are there, and durable, at the beginning: `/data` by default. */
  readonly folders?: readonly string[];
}

const LOCK_NAME = ".lock";

export class MemoryDisk implements Disk, MemoryFileOwner {
  /** When less than what is there already, nothing more can be written. */
  capacityBytes: number;
  readonly now: () => number;
  readonly #schedule: (operation: string) => Promise<void>;
  readonly #tree: MemoryTree;
  /** The sockets of `.lock` names whose owner is alive. */
  readonly #locks = new Set<OtherNode>();
  #usedBytes = 0;
  #crashed = false;

  constructor(options: MemoryDiskOptions = {}, tree?: MemoryTree) {
    this.now = options.now ?? (() => 0);
    this.capacityBytes = options.capacityBytes ?? Number.POSITIVE_INFINITY;
    this.#schedule = options.schedule ?? (() => Promise.resolve());
    this.#tree = tree ?? new MemoryTree(newFolder(this.now()));
    const files = new Set<FileNode>();
    this.#tree.eachFile((_path, file) => files.add(file));
    for (const file of files) {
      file.openCount = 0;
      this.#usedBytes += file.content.sizeBytes;
    }
    if (tree === undefined) this.#makeFirstFolders(options.folders ?? ["/data"]);
  }

  open(path: string, options: { readonly readOnly?: boolean } = {}): DiskFile {
    this.assertAlive("open", path);
    return new MemoryFile(this, this.#file(path, "open"), path, options.readOnly ?? false);
  }

  create(path: string): DiskFile {
    this.assertAlive("open", path);
    const { folder, name, node } = this.#tree.place(path, "open");
    if (node !== undefined) throw diskError("EEXIST", "open", path);
    const file = newFile(new MemoryContent(), this.now());
    this.#tree.change([{ folder, name, node: file }], this.now());
    return new MemoryFile(this, file, path, false);
  }

  readFile(path: string): Promise<Buffer> {
    return this.takeTurn("read", path, () => this.#file(path, "open").content.copy());
  }

  list(folder: string): Promise<string[]> {
    return this.takeTurn("scandir", folder, () =>
      [...this.#tree.folder(folder, "scandir").names.keys()].sort(),
    );
  }

  stat(path: string): Promise<FileStat | undefined> {
    return this.takeTurn("stat", path, () => {
      const node = this.#lookup(path, "stat");
      if (node === undefined) return undefined;
      const sizeBytes = node.kind === "file" ? node.content.sizeBytes : 0;
      const linkCount = node.kind === "file" ? node.linkCount : 1;
      return { kind: node.kind, sizeBytes, modifiedAtMs: node.modifiedAtMs, linkCount };
    });
  }

  makeFolder(path: string): Promise<void> {
    return this.takeTurn("mkdir", path, () => {
      const { folder, name, node } = this.#tree.place(path, "mkdir");
      if (node !== undefined) throw diskError("EEXIST", "mkdir", path);
      this.#tree.change([{ folder, name, node: newFolder(this.now()) }], this.now());
    });
  }

  link(from: string, to: string): Promise<void> {
    return this.takeTurn("link", to, () => {
      const source = this.#file(from, "link");
      const { folder, name, node } = this.#tree.place(to, "link");
      if (node !== undefined) throw diskError("EEXIST", "link", to);
      source.linkCount += 1;
      this.#tree.change([{ folder, name, node: source }], this.now());
    });
  }

  rename(from: string, to: string): Promise<void> {
    return this.takeTurn("rename", from, () => {
      const source = this.#tree.place(from, "rename");
      const target = this.#tree.place(to, "rename");
      if (source.node === undefined) throw diskError("ENOENT", "rename", from);
      if (source.node === target.node) return;
      if (`${to}/`.startsWith(`${from}/`)) throw diskError("EINVAL", "rename", from);
      assertReplaceable(source.node, target.node, to);
      const removed = { folder: source.folder, name: source.name, node: undefined };
      const placed = { folder: target.folder, name: target.name, node: source.node };
      this.#tree.change([removed, placed], this.now());
      this.#unlink(target.node);
    });
  }

  remove(path: string): Promise<void> {
    return this.takeTurn("unlink", path, () => {
      const { folder, name, node } = this.#tree.place(path, "unlink");
      if (node === undefined) throw diskError("ENOENT", "unlink", path);
      if (node.kind === "folder") throw diskError("EISDIR", "unlink", path);
      this.#tree.change([{ folder, name, node: undefined }], this.now());
      this.#unlink(node);
    });
  }

  removeTree(path: string): Promise<void> {
    return this.takeTurn("rm", path, () => {
      const node = this.#lookup(path, "rm");
      if (node !== undefined) this.#removeAll(path, node);
    });
  }

  async syncFolder(folder: string): Promise<void> {
    this.assertAlive("fsync", folder);
    const node = this.#tree.folder(folder, "fsync");
    const covered = this.#tree.startSync();
    await this.takeTurn("fsync", folder, () => this.#tree.finishSync(node, covered));
  }

  lock(folder: string): Promise<DiskLock> {
    return this.takeTurn("lock", folder, () => {
      const parent = this.#tree.folder(folder, "lock");
      const existing = parent.names.get(LOCK_NAME);
      if (existing !== undefined && existing.kind !== "other") throw diskError("EEXIST", "lock", folder);
      if (existing !== undefined && this.#locks.has(existing)) throw diskError("EBUSY", "lock", folder);
      const socket: OtherNode = { kind: "other", modifiedAtMs: this.now() };
      this.#locks.add(socket);
      this.#tree.change([{ folder: parent, name: LOCK_NAME, node: socket }], this.now());
      return { release: () => this.takeTurn("unlock", folder, () => this.#releaseLock(parent, socket)) };
    });
  }

  /** The disk as the next process finds it. This one is dead: every use of it, and of its files, throws. */
  crashProcess(): MemoryDisk {
    this.assertAlive("crash", "/");
    this.#crashed = true;
    return new MemoryDisk(this.#options(), this.#tree);
  }

  /**
   * The disk as it is when the power is back; this one is dead. What was synced is there; of the rest, `random`
   * decides what survives. `() => 0` keeps what was synced and nothing else.
   */
  crashPower(random: () => number): MemoryDisk {
    this.assertAlive("crash", "/");
    this.#crashed = true;
    return new MemoryDisk(this.#options(), this.#tree.afterPowerCut(random));
  }

  /** Paths of all files, sorted within each folder. */
  paths(): string[] {
    const paths: string[] = [];
    this.#tree.eachFile((path) => paths.push(path));
    return paths;
  }

  /** A copy of what readers see. */
  bytesOf(path: string): Buffer {
    return this.#file(path, "open").content.copy();
  }

  /** Puts other bytes into a file, or makes it, durably and behind the back of a process that has it open. */
  replaceBytes(path: string, bytes: Uint8Array): void {
    const place = this.#tree.place(path, "open");
    let file = place.node;
    if (file === undefined) {
      file = newFile(new MemoryContent(), this.now());
      this.#tree.change([{ ...place, node: file }], this.now());
      this.#tree.settle();
    }
    if (file.kind !== "file") throw diskError("EISDIR", "open", path);
    this.#usedBytes += bytes.length - file.content.sizeBytes;
    file.content = new MemoryContent(bytes);
  }

  /** For MemoryFile. @throws EIO after a crash. */
  assertAlive(operation: string, path: string): void {
    if (this.#crashed) throw diskError("EIO", operation, path, "this disk has crashed");
  }

  /**
   * For MemoryFile: an asynchronous operation. The effect comes with the check that the disk is alive, without a
   * step between the two: after a crash the next disk shares the files, and must see nothing more of this one.
   *
   * @throws EIO after a crash.
   */
  async takeTurn<T>(operation: string, path: string, effect: () => T): Promise<T> {
    this.assertAlive(operation, path);
    await this.#schedule(`${operation} ${path}`);
    this.assertAlive(operation, path);
    return effect();
  }

  /** For MemoryFile: takes room, or gives it back when negative; returns what was taken, fewer when full. */
  takeRoom(bytes: number): number {
    const taken = Math.min(bytes, Math.max(0, this.capacityBytes - this.#usedBytes));
    this.#usedBytes += taken;
    return taken;
  }

  #options(): MemoryDiskOptions {
    return { now: this.now, capacityBytes: this.capacityBytes, schedule: this.#schedule };
  }

  #lookup(path: string, operation: string): MemoryNode | undefined {
    try {
      return this.#tree.place(path, operation).node;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw error;
    }
  }

  #file(path: string, operation: string): FileNode {
    const { node } = this.#tree.place(path, operation);
    if (node === undefined) throw diskError("ENOENT", operation, path);
    if (node.kind === "folder") throw diskError("EISDIR", operation, path);
    if (node.kind === "other") throw diskError("ENXIO", operation, path);
    return node;
  }

  #makeFirstFolders(folders: readonly string[]): void {
    for (const path of folders) {
      const { folder, name } = this.#tree.place(path, "mkdir");
      this.#tree.change([{ folder, name, node: newFolder(this.now()) }], this.now());
    }
    this.#tree.settle();
  }

  #removeAll(path: string, node: MemoryNode): void {
    if (node.kind === "folder") {
      for (const [name, child] of [...node.names]) this.#removeAll(`${path}/${name}`, child);
    }
    const { folder, name } = this.#tree.place(path, "rm");
    this.#tree.change([{ folder, name, node: undefined }], this.now());
    this.#unlink(node);
  }

  #releaseLock(folder: FolderNode, socket: OtherNode): void {
    if (this.#locks.delete(socket))
      this.#tree.change([{ folder, name: LOCK_NAME, node: undefined }], this.now());
  }

  #unlink(node: MemoryNode | undefined): void {
    if (node?.kind !== "file") return;
    node.linkCount -= 1;
    if (node.openCount === 0 && node.linkCount === 0) this.takeRoom(-node.content.sizeBytes);
  }
}

function assertReplaceable(node: MemoryNode, replaced: MemoryNode | undefined, path: string): void {
  if (replaced === undefined) return;
  if (replaced.kind !== "folder") {
    if (node.kind === "folder") throw diskError("ENOTDIR", "rename", path);
    return;
  }
  if (node.kind !== "folder") throw diskError("EISDIR", "rename", path);
  if (replaced.names.size > 0) throw diskError("ENOTEMPTY", "rename", path);
}
