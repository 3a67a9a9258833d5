/** The one door to the engine: what server/ and cmd/ may use of it. Everything else in lib/ is its own business. */

export { ByteBudget } from "./base/byte-budget.ts";
export { crc32 } from "./base/checksum.ts";
export {
  durationMs,
  formatDuration,
  MAX_DURATION_MS,
  parseDuration,
  parseDurationAtMost,
} from "./base/duration.ts";
export { editDistance } from "./base/edit-distance.ts";
export { ERROR_CODES, type ErrorCode, type ErrorDetails, isNetlogError, NetlogError } from "./base/errors.ts";
export { freeMemory } from "./base/free-memory.ts";
export { JsonError, parseJson } from "./base/json.ts";
export { type ElementTaker, isLongJson, readJsonArray } from "./base/json-array.ts";
export { skipSpace } from "./base/json-bytes.ts";
export { type BaseCaps, DAY_MS, GiB, HOUR_MS, KiB, MINUTE_MS, MiB, SECOND_MS } from "./base/limits.ts";
export { type Logger, silentLogger } from "./base/logger.ts";
export { LONG_BYTES, MESSAGE_WORK_BYTES, PIECE_WORK_BYTES } from "./base/loop-share.ts";
export { ENGINE_PREFIX_RULE, isEnginePrefix, isSafeName, NAME_RULE } from "./base/names.ts";
export { nodeRuntime, type Runtime, type Timer } from "./base/runtime.ts";
export { Tally } from "./base/tally.ts";
export { isTopicPattern, PATTERN_RULE, topicMatcher } from "./base/topic-pattern.ts";
export { WorkMeter } from "./base/work-meter.ts";
export type { Disk } from "./disk/disk.ts";
export { nodeDisk } from "./disk/node-disk.ts";
export {
  type ImportedTopic,
  type ImportSummary,
  importGoData,
} from "./go-import/import-data.ts";
export { type DumpRecord, dumpFile } from "./inspect/dump.ts";
export {
  checkDataFolder,
  type FolderCheckSummary,
} from "./inspect/folder-check.ts";
export type { FolderFinding } from "./inspect/folder-walk.ts";
export { type ImportedFrames, importFrames } from "./inspect/import-frames.ts";
export { LIMITS, type Limits } from "./limits.ts";
export type { Durability, FrameRun } from "./log/log.ts";
export type { Batch } from "./message/batch.ts";
export {
  answerableFields,
  keptContentType,
  mediaTypeOf,
  refusalOfKey,
  requireFields,
} from "./message/field-rules.ts";
export type { Header, MessageFields } from "./message/fields.ts";
export { parseKey, spellKey } from "./message/key-spelling.ts";
export type { NewMessage } from "./message/new-message.ts";
export { Netlog, type NetlogOptions } from "./netlog/netlog.ts";
export type { FailedTopic } from "./netlog/topic-table.ts";
export type { FrameBounds } from "./reading/collect-frames.ts";
export { compact, fieldsOf, type Message, type Taken } from "./reading/message-reader.ts";
export { parseTime } from "./reading/offsets.ts";
export type { TopicCursor } from "./reading/topic-cursor.ts";
export type { WorkRequest } from "./scanner/lease-claims.ts";
export type { WorkResult } from "./scanner/lease-work.ts";
export type { PendingMessage } from "./scanner/leased-position.ts";
export type { Lease } from "./scanner/leases.ts";
export type { BulkDelivery, BulkScanRequest, Delivery, ScanRequest } from "./scanner/scan-request.ts";
export type { Scanner } from "./scanner/scanner.ts";
export type { ScannerDescription, ScannerInfo, ScannerStats } from "./scanner/scanner-info.ts";
export type { ScannerRequest } from "./scanner/scanner-settings.ts";
export { DataFolderError, takeDataFolder } from "./storage/data-folder.ts";
export { FileStorage } from "./storage/file-storage.ts";
export { readTopicId } from "./storage/topic-id.ts";
export { BATCH_HEADROOM_BYTES, type LineBatch } from "./topic/batch-parser.ts";
export { CopyAhead, type ServedTopic } from "./topic/copy-ahead.ts";
export { type CopiedTopic, copyStored } from "./topic/copy-stored.ts";
export type { Finding } from "./topic/integrity.ts";
export { isJsonType } from "./topic/json-gate.ts";
export { PAYLOAD_HEADROOM_BYTES } from "./topic/long-message.ts";
export type {
  EngineFigures,
  Neighbours,
  Relay,
  Relayed,
  RelayOutcome,
  TakeRelayed,
} from "./topic/neighbours.ts";
export type { ProducerStamp } from "./topic/producer-table.ts";
export type { Published, PublishOptions } from "./topic/publish-call.ts";
export {
  type Bound,
  boundOf,
  DEFAULT_SETTINGS,
  SETTING_NAMES,
  SETTINGS,
  type Setting,
  type SettingName,
  type TopicSettings,
} from "./topic/setting-table.ts";
export { sha256 } from "./topic/sha256.ts";
export type { NetlogStats, TopicStats } from "./topic/stats.ts";
export type { ForkPlace, Storage } from "./topic/storage.ts";
export type { CopyingStorage } from "./topic/stored-copy.ts";
export type { StreamIn } from "./topic/stream-in.ts";
export type { Topic } from "./topic/topic.ts";
export type { TopicInfo } from "./topic/topic-info.ts";
export type { TopicStart } from "./topic/topic-start.ts";
export { failedSummary, type TopicSummary } from "./topic/topic-summary.ts";
