/** The one door to views: what a view, server/views/ and cmd/ may use of the runtime. It loads pg. */

export type { Database, Queries, Reads, Row, Transaction } from "./database/database.ts";
export { isDatabaseError } from "./database/database-error.ts";
export { EmbeddedDatabase } from "./database/embedded-database.ts";
export { DamagedDatabaseError } from "./database/embedded-files.ts";
export { ServerDatabase } from "./database/server-database.ts";
export { formatSqlTime, microsOf, parseMessageDate, parseZonedDate } from "./date.ts";
export { LIMITS as VIEW_LIMITS } from "./limits.ts";
export { HttpLogReader } from "./reading/http-log-reader.ts";
export { LocalLogReader } from "./reading/local-log-reader.ts";
export {
  type LogReader,
  LogRefusal,
  LogUnavailable,
  type NewLogMessage,
} from "./reading/log-reader.ts";
export type { RebuildProgress } from "./rebuild-fill.ts";
export type { RunningView, ViewFigures } from "./running-view.ts";
export {
  type KeptPart,
  Malformed,
  type Migration,
  type Placed,
  type Retention,
  type TopicMessage,
  troubleOfText,
  type View,
  type ViewUse,
} from "./view.ts";
export { ViewRunner } from "./view-runner.ts";
export { ViewStopped } from "./view-stopped.ts";
