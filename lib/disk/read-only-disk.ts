/** A disk seen through glass: everything can be read, and whatever would change it fails as on a read-only mount. */
import type { Disk } from "./disk.ts";
import { diskError } from "./disk-error.ts";

/** `disk`, for reading alone. The lock is refused as well: it leaves a name in the folder. */
export function readOnlyDisk(disk: Disk): Disk {
  const refuse = (operation: string) => (path: string) => {
    throw diskError("EROFS", operation, path);
  };
  return {
    open: (path) => disk.open(path, { readOnly: true }),
    readFile: (path) => disk.readFile(path),
    list: (folder) => disk.list(folder),
    stat: (path) => disk.stat(path),
    create: refuse("create"),
    makeFolder: refuse("mkdir"),
    link: refuse("link"),
    rename: refuse("rename"),
    remove: refuse("unlink"),
    removeTree: refuse("rm"),
    syncFolder: refuse("fsync"),
    lock: refuse("lock"),
  };
}
