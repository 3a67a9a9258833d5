/** What a log on files is opened with. */

import type { Logger } from "../base/logger.ts";
import type { Runtime } from "../base/runtime.ts";
import type { Disk } from "../disk/disk.ts";
import type { LogLimits } from "./log.ts";
import type { LogShared } from "./log-shared.ts";

export interface OpenLogOptions {
  readonly disk: Disk;
  readonly runtime: Runtime;
  readonly logger: Logger;
  /** Holds the log's files; other files in it are left alone. */
  readonly folder: string;
  readonly limits: LogLimits;
  readonly shared: LogShared;
}
