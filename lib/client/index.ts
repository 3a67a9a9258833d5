/** The client library, `netlog/client`: fetch and web standards alone, so that it runs wherever those are. */

export type { BatchCompression, NewMessage, Publishable } from "./batch-encoding.ts";
export {
  NetlogClient,
  type NetlogClientOptions,
  type ServerVersion,
  type TopicPageOptions,
} from "./client.ts";
export type { Token } from "./connection.ts";
export { Delivery, type NackOptions } from "./delivery.ts";
export {
  CLIENT_ERROR_CODES,
  type ClientErrorCode,
  isNetlogClientError,
  NetlogClientError,
  type NetlogErrorCode,
  SERVER_ERROR_CODES,
  type ServerErrorCode,
} from "./errors.ts";
export { checkFields, type MessageFields } from "./fields.ts";
export type { FollowLinesOptions } from "./follow.ts";
export { Message } from "./message.ts";
export type { Payload } from "./payload.ts";
export type { PublishBatchOptions, Published, PublishedBatch, PublishOptions } from "./publish.ts";
export type { PublishAllOptions, PublishAllProgress, PublishedAll } from "./publish-all.ts";
export type { MessageBatch, ReadBatchOptions } from "./read-batch.ts";
export type { FramesRead, ReadFramesOptions } from "./read-frames.ts";
export type { FollowOptions, Gap } from "./reading.ts";
export { DEFAULT_RETRY, type RetryMode, type RetryPolicy } from "./retry.ts";
export type { ClientRuntime, ClientTimer } from "./runtime.ts";
export type { ScannedOptions } from "./scanned.ts";
export {
  type PendingOptions,
  type ScanBatchOptions,
  Scanner,
  type ScanOptions,
  type Settled,
  type SettleOptions,
} from "./scanner.ts";
export type { LeaseMode, ScannerOptions } from "./scanner-options.ts";
export type { CallOptions } from "./session.ts";
export type { Offset } from "./spelling.ts";
export { Topic } from "./topic.ts";
export type {
  Durability,
  Finding,
  PendingMessage,
  ScannerDescription,
  ScannerInfo,
  SegmentInfo,
  TopicFigures,
  TopicInfo,
  TopicPage,
  TopicRight,
  TopicSettings,
  TopicSettingsChange,
  TopicSort,
} from "./wire.ts";
export type { WorkOptions } from "./work.ts";
