/**
 * The names of the memory disk: a tree of folders, and which of its changes are surely on the disk. Each change is
 * one name created, removed, or renamed; after a power cut each that no sync of its folder covered has happened or
 * not, whole, whatever became of the others and of the contents.
 */
import { diskError } from "../../lib/disk/disk-error.ts";
import type { MemoryContent } from "./memory-content.ts";

export interface FileNode {
  readonly kind: "file";
  content: MemoryContent;
  modifiedAtMs: number;
  /** How many names lead to it; a file without one lives on while it is open. */
  linkCount: number;
  openCount: number;
}

export interface FolderNode {
  readonly kind: "folder";
  /** What the system shows, and what is surely on the disk. */
  readonly names: Map<string, MemoryNode>;
  readonly durableNames: Map<string, MemoryNode>;
  modifiedAtMs: number;
}

/** Neither file nor folder: the socket of the lock. */
export interface OtherNode {
  readonly kind: "other";
  readonly modifiedAtMs: number;
}

export type MemoryNode = FileNode | FolderNode | OtherNode;

/** One name that now leads to `node`, or to nothing. */
interface Step {
  readonly folder: FolderNode;
  readonly name: string;
  readonly node: MemoryNode | undefined;
}

/** Happens whole or not at all. */
interface NameChange {
  readonly sequence: number;
  readonly steps: readonly Step[];
}

/** Where a path leads: the last name of it, in its folder. */
export interface Place {
  readonly folder: FolderNode;
  readonly name: string;
  readonly node: MemoryNode | undefined;
}

export function newFile(content: MemoryContent, modifiedAtMs: number): FileNode {
  return { kind: "file", content, modifiedAtMs, linkCount: 1, openCount: 0 };
}

export function newFolder(modifiedAtMs: number): FolderNode {
  return { kind: "folder", names: new Map(), durableNames: new Map(), modifiedAtMs };
}

export class MemoryTree {
  readonly root: FolderNode;
  #changes: NameChange[] = [];
  #nextSequence = 0;

  constructor(root: FolderNode) {
    this.root = root;
  }

  /** @throws ENOENT when its folder is not there, ENOTDIR when that is none. `operation` is for the message. */
  place(path: string, operation: string): Place {
    const parts = path.split("/").filter((part) => part !== "");
    const name = parts.pop();
    if (name === undefined) return { folder: this.root, name: ".", node: this.root };
    let folder = this.root;
    for (const part of parts) {
      const next = folder.names.get(part);
      if (next === undefined) throw diskError("ENOENT", operation, path);
      if (next.kind !== "folder") throw diskError("ENOTDIR", operation, path);
      folder = next;
    }
    return { folder, name, node: folder.names.get(name) };
  }

  /** @throws ENOENT, ENOTDIR */
  folder(path: string, operation: string): FolderNode {
    const { node } = this.place(path, operation);
    if (node === undefined) throw diskError("ENOENT", operation, path);
    if (node.kind !== "folder") throw diskError("ENOTDIR", operation, path);
    return node;
  }

  /** One change of names, at `nowMs`. */
  change(steps: readonly Step[], nowMs: number): void {
    for (const { folder, name, node } of steps) {
      setName(folder.names, name, node);
      folder.modifiedAtMs = nowMs;
    }
    this.#changes.push({ sequence: this.#nextSequence, steps });
    this.#nextSequence += 1;
  }

  /** What a sync of names that begins now covers; for `finishSync`. */
  startSync(): number {
    return this.#nextSequence;
  }

  /** Puts the changes of `folder` on the disk, and with them those that a rename between folders ties to them. */
  finishSync(folder: FolderNode, covered: number): void {
    const folders = new Set([folder]);
    const synced = new Set<NameChange>();
    for (const change of this.#changes.toReversed()) {
      if (change.sequence >= covered || !change.steps.some((step) => folders.has(step.folder))) continue;
      synced.add(change);
      for (const step of change.steps) folders.add(step.folder);
    }
    this.#makeDurable(synced);
  }

  /** Makes everything that is there durable, as if the disk had always been so. */
  settle(): void {
    this.#makeDurable(new Set(this.#changes));
  }

  /** The folders and files that a power cut leaves. @see MemoryContent.afterPowerCut for `random`. */
  afterPowerCut(random: () => number): MemoryTree {
    const survival = [0, 0.5, 1][Math.floor(random() * 3)]!;
    const happened = new Set<NameChange>();
    const placed = new Set<MemoryNode>();
    for (const change of this.#changes.toReversed()) {
      const nodes = change.steps.flatMap((step) => step.node ?? []);
      // What a rename moved was there before: it is not under its old name and its new one.
      if (random() >= survival && !nodes.some((node) => placed.has(node))) continue;
      happened.add(change);
      for (const node of nodes) placed.add(node);
    }
    this.#makeDurable(happened);
    return new MemoryTree(folderAfterPowerCut(this.root, random, new Map()));
  }

  /** Calls `visit` with each file and its path, in the order of paths. */
  eachFile(visit: (path: string, file: FileNode) => void): void {
    visitFiles(this.root, "", visit);
  }

  /** In the order in which they were made. */
  #makeDurable(changes: ReadonlySet<NameChange>): void {
    for (const change of this.#changes) {
      if (!changes.has(change)) continue;
      for (const { folder, name, node } of change.steps) setName(folder.durableNames, name, node);
    }
    this.#changes = this.#changes.filter((change) => !changes.has(change));
  }
}

/** `left` has the files that were met: one of several names is one file afterwards, too. */
function folderAfterPowerCut(
  folder: FolderNode,
  random: () => number,
  left: Map<FileNode, FileNode>,
): FolderNode {
  const found = newFolder(folder.modifiedAtMs);
  for (const name of [...folder.durableNames.keys()].sort()) {
    const node = nodeAfterPowerCut(folder.durableNames.get(name)!, random, left);
    found.names.set(name, node);
    found.durableNames.set(name, node);
  }
  return found;
}

function nodeAfterPowerCut(
  node: MemoryNode,
  random: () => number,
  left: Map<FileNode, FileNode>,
): MemoryNode {
  if (node.kind === "folder") return folderAfterPowerCut(node, random, left);
  if (node.kind !== "file") return node;
  const known = left.get(node);
  if (known !== undefined) {
    known.linkCount += 1;
    return known;
  }
  const file = newFile(node.content.afterPowerCut(random), node.modifiedAtMs);
  left.set(node, file);
  return file;
}

function visitFiles(folder: FolderNode, path: string, visit: (path: string, file: FileNode) => void): void {
  for (const name of [...folder.names.keys()].sort()) {
    const node = folder.names.get(name)!;
    if (node.kind === "folder") visitFiles(node, `${path}/${name}`, visit);
    if (node.kind === "file") visit(`${path}/${name}`, node);
  }
}

function setName(names: Map<string, MemoryNode>, name: string, node: MemoryNode | undefined): void {
  if (node === undefined) names.delete(name);
  else names.set(name, node);
}
