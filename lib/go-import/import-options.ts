/** What one topic of the Go NetLog is copied from, to and with. */
import type { Runtime } from "../base/runtime.ts";
import type { Disk } from "../disk/disk.ts";
import type { FileFinding } from "../log/index.ts";
import type { Offload } from "../message/compression.ts";
import type { Limits } from "../storage/limits.ts";

export interface ImportTopicOptions {
  /** Only read from. */
  readonly source: Disk;
  /** The topic's folder in the source. */
  readonly sourceFolder: string;
  readonly disk: Disk;
  /** Does not exist yet. */
  readonly folder: string;
  readonly runtime: Runtime;
  readonly limits: Limits;
  readonly offload: Offload;
  readonly onFinding: (finding: FileFinding) => void;
  /** So much more of the data files is done with. */
  readonly onBytes: (bytes: number) => void;
  readonly isCancelled: () => boolean;
}
