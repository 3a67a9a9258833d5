/** The one door to the engine: what server/ and cmd/ may use of it. Everything else in lib/ is its own business. */

export { BATCH_ROOM_BYTES, type LineBatch } from "./batch-parser.ts";
export { ByteBudget } from "./byte-budget.ts";
export type { FrameBounds } from "./collect-frames.ts";
export { DataFolderError } from "./data-folder.ts";
export type { Disk } from "./disk/disk.ts";
export { nodeDisk } from "./disk/node-disk.ts";
export { durationMs, formatDuration, parseDuration, parseDurationAtMost } from "./duration.ts";
export { editDistance } from "./edit-distance.ts";
export { ERROR_CODES, type ErrorCode, type ErrorDetails, isNetlogError, NetlogError } from "./errors.ts";
export {
  type ImportedTopic,
  type ImportSummary,
  importGoData,
} from "./go-import/import-data.ts";
export { type DumpRecord, dumpFile } from "./inspect/dump.ts";
export {
  checkDataFolder,
  type FolderCheckSummary,
  type FolderFinding,
} from "./inspect/folder-check.ts";
export type { Finding } from "./integrity.ts";
export { JsonError, parseJson } from "./json.ts";
export { type ElementTaker, isLongJson, readJsonArray } from "./json-array.ts";
export { skipSpace } from "./json-bytes.ts";
export { LIMIT_RANGES, LIMITS, type Limits, type SettableLimit } from "./limits.ts";
export type { Durability, FrameRun } from "./log/log.ts";
export { type Logger, silentLogger } from "./logger.ts";
export { PIECE_WORK_BYTES } from "./loop-share.ts";
export type { Batch } from "./message/batch.ts";
export { compact, type Message, type Taken } from "./message-reader.ts";
export { isSafeName, NAME_RULE } from "./names.ts";
export { type FailedTopic, Netlog, type NetlogOptions } from "./netlog.ts";
export type { Published } from "./publisher.ts";
export { nodeRuntime, type Runtime, type Timer } from "./runtime.ts";
export type { WorkRequest } from "./scanner/lease-claims.ts";
export type { WorkResult } from "./scanner/leased-position.ts";
export type { Lease } from "./scanner/leases.ts";
export type { BulkDelivery, BulkScanRequest, Delivery, ScanRequest } from "./scanner/scan-request.ts";
export type { Scanner } from "./scanner/scanner.ts";
export type { ScannerDescription, ScannerInfo } from "./scanner/scanner-info.ts";
export type { ScannerRequest } from "./scanner/scanner-settings.ts";
export { DEFAULT_SETTINGS, type TopicSettings } from "./settings.ts";
export type { NetlogStats, ScannerStats, TopicStats } from "./stats.ts";
export type { StreamIn } from "./stream-in.ts";
export { Tally } from "./tally.ts";
export type { Topic } from "./topic.ts";
export type { TopicCursor } from "./topic-cursor.ts";
export type { TopicInfo } from "./topic-info.ts";
