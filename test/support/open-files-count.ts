/** Counts the files that are open on a disk, in front of any other. */
import type { Disk, DiskFile } from "../../lib/disk/disk.ts";

export interface OpenFilesCount {
  readonly disk: Disk;
  /** Paths of what is open now, once for each time. */
  readonly open: readonly string[];
}

export function countOpenFiles(inner: Disk): OpenFilesCount {
  const open: string[] = [];
  const counted = (path: string, file: DiskFile): DiskFile => {
    open.push(path);
    const close = () => {
      open.splice(open.indexOf(path), 1);
      file.close();
    };
    return {
      write: (bytes, position) => file.write(bytes, position),
      read: (into, position) => file.read(into, position),
      truncate: (sizeBytes) => file.truncate(sizeBytes),
      sync: () => file.sync(),
      sizeBytes: () => file.sizeBytes(),
      close,
    };
  };
  const disk: Disk = {
    open: (path, options) => counted(path, inner.open(path, options)),
    create: (path) => counted(path, inner.create(path)),
    readFile: (path) => inner.readFile(path),
    list: (folder) => inner.list(folder),
    stat: (path) => inner.stat(path),
    makeFolder: (path) => inner.makeFolder(path),
    link: (from, to) => inner.link(from, to),
    rename: (from, to) => inner.rename(from, to),
    remove: (path) => inner.remove(path),
    removeTree: (path) => inner.removeTree(path),
    syncFolder: (folder) => inner.syncFolder(folder),
    lock: (folder) => inner.lock(folder),
  };
  return { disk, open };
}
