/**
 * The seam to the file system: files without format. Everything above sees the disk through these two
 * interfaces; node-disk.ts serves them from node:fs, the tests from memory, with faults and crashes.
 *
 * Failures are errors with Node's `code` (ENOENT, EEXIST, ENOSPC, EIO, EMFILE, ...), as node:fs throws them.
 * Paths are absolute and joined with "/".
 */

/** An open file. Positions and sizes are bytes. Not to be used after `close`. */
export interface DiskFile {
  /**
   * Writes to the page cache, at once. Returns the bytes written, which may be fewer than asked for, but not
   * none (the caller writes the rest, and then learns why). The caller keeps the buffer.
   */
  write(bytes: Uint8Array, position: number): number;
  /**
   * Fills `into` from `position`; resolves to the bytes read, fewer only at the end of the file. The buffer is
   * the disk's until then, also when the read fails.
   */
  read(into: Uint8Array, position: number): Promise<number>;
  /** Cuts or extends (with zeros) to `sizeBytes`, in the page cache. */
  truncate(sizeBytes: number): void;
  /**
   * Resolves when the data and size of before the call are on the disk (fdatasync). A failure leaves unknown
   * what is there, and a later success says nothing about what the failed one was to cover.
   */
  sync(): Promise<void>;
  sizeBytes(): number;
  /** No read or sync may be in flight; that is an assertion. */
  close(): void;
}

export interface FileStat {
  readonly kind: "file" | "folder" | "other";
  readonly sizeBytes: number;
  readonly modifiedAtMs: number;
  /** How many names lead to the file. */
  readonly linkCount: number;
}

/** Held until `release`, or until the process ends in whatever way. */
export interface DiskLock {
  release(): Promise<void>;
}

export interface Disk {
  /** Opens an existing file for reading and writing (`readOnly`: reading alone). */
  open(path: string, options?: { readonly readOnly?: boolean }): DiskFile;
  /** Makes and opens a new file; EEXIST when there is one. Its name is durable after `syncFolder`. */
  create(path: string): DiskFile;
  /** The whole of a small file. */
  readFile(path: string): Promise<Buffer>;
  /** Names in a folder, sorted by code unit. */
  list(folder: string): Promise<string[]>;
  /** `undefined` when there is nothing of this name. Symbolic links are followed. */
  stat(path: string): Promise<FileStat | undefined>;
  /** EEXIST when there is one already. */
  makeFolder(path: string): Promise<void>;
  /**
   * Gives the file `from` a second name. Durable after `syncFolder` of the new name's folder. EEXIST when there is something
   * of that name; EXDEV, EPERM, EMLINK and the like where the file system allows no second name.
   */
  link(from: string, to: string): Promise<void>;
  /** Replaces an existing file of the new name. Durable after `syncFolder` of the folders concerned. */
  rename(from: string, to: string): Promise<void>;
  /** Removes a file. */
  remove(path: string): Promise<void>;
  /** Removes a folder and all that is in it; nothing there is no error. */
  removeTree(path: string): Promise<void>;
  /** Makes names created, renamed and removed in `folder` durable. */
  syncFolder(folder: string): Promise<void>;
  /** Takes the data folder for this process; fails with EBUSY while another process holds it. */
  lock(folder: string): Promise<DiskLock>;
}
