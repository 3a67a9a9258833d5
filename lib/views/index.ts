/** The one door to views: what server/views/ and cmd/ may use of them. It loads pg. */

export type {
  Database,
  Queries,
  ReadOptions,
  Reads,
  Row,
  SqlValue,
  Transaction,
} from "./database/database.ts";
export { DatabaseError, isDatabaseError } from "./database/database-error.ts";
export { DamagedDatabaseError, EmbeddedDatabase } from "./database/embedded-database.ts";
export { ServerDatabase } from "./database/server-database.ts";
export { LIMITS as VIEW_LIMITS, type Limits as ViewLimits } from "./limits.ts";
export { HttpLogReader } from "./reading/http-log-reader.ts";
export { LocalLogReader } from "./reading/local-log-reader.ts";
export { type LogMessage, type LogReader, LogUnavailable, type NewLogMessage } from "./reading/log-reader.ts";
export type { RebuildProgress, RebuildRequest } from "./rebuild.ts";
export type { RunningView, TopicStatus, ViewFigures, ViewStatus } from "./running-view.ts";
export {
  type KeptPart,
  Malformed,
  type Migration,
  type Placed,
  type Retention,
  type TopicMessage,
  troubleOfText,
  type View,
} from "./view.ts";
export { ViewRunner } from "./view-runner.ts";
export { ViewStopped } from "./view-stopped.ts";
