/** The one door to views: what server/views/ and cmd/ may use of them. */

export type { Queries, ReadOptions, Reads, Row, SqlValue, Transaction } from "./database/database.ts";
export { DatabaseError, isDatabaseError } from "./database/database-error.ts";
export type { LogMessage, LogReader, NewLogMessage } from "./reading/log-reader.ts";
export { LogUnavailable } from "./reading/log-reader.ts";
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
