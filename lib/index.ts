/** The one door to the engine: what server/ and cmd/ may use of it. Everything else in lib/ is its own business. */
export { durationMs, parseDuration } from "./duration.ts";
export { ERROR_CODES, type ErrorCode, isNetlogError, NetlogError } from "./errors.ts";
export { LIMITS, type Limits } from "./limits.ts";
export type { Durability } from "./log/log.ts";
export { type Logger, silentLogger } from "./logger.ts";
export { Netlog, type NetlogOptions } from "./netlog.ts";
export { nodeRuntime, type Runtime } from "./runtime.ts";
export type { Delivery, Scanner, ScannerInfo, ScanRequest } from "./scanner.ts";
export { DEFAULT_SETTINGS } from "./settings.ts";
export type { Finding, Message, Published, Topic, TopicInfo, TopicSettings } from "./topic.ts";
