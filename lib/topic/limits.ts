/** The caps of a topic: of what it remembers, of its settings, and of streams in. */
import { DAY_MS, MiB, SECOND_MS } from "../base/limits.ts";
import type { LogCaps } from "../log/limits.ts";
import type { Limits as ScannerLimits } from "../scanner/limits.ts";

export class TopicCaps {
  /** Characters of an idempotency key. */
  readonly idempotencyKeyLength: number = 255;
  /** A producer's id, in bytes of UTF-8. */
  readonly producerIdBytes: number = 255;
  /** Bytes of a stream sequence. */
  readonly streamSequenceBytes: number = 1024;
  /** Idempotency keys that a topic remembers, the newest. */
  readonly idempotencyKeys: number = 100_000;
  /** Producers that a topic remembers. */
  readonly producers: number = 10_000;
  /** Appends that a topic remembers of each producer, the newest. */
  readonly producerAppends: number = 48;
  /** The most that `idempotency_window` may be. */
  readonly idempotencyWindowMs: number = DAY_MS;
  /** Idempotency keys of all topics together, a producer counting as several: the oldest are forgotten. */
  readonly remembered: number = 1_000_000;
  /** Appends from one writing of a topic's state to the next. */
  readonly stateCheckpointAppends: number = 10_000;
  /** Time that an append waits for a state which is still being made. */
  readonly stateWaitMs: number = SECOND_MS;
  /** Arrays and objects within each other of a payload, in a topic of JSON. */
  readonly payloadJsonDepth: number = 1000;
  /** The least that `ttl` may be. */
  readonly ttlMinMs: number = SECOND_MS;
  /** The most that `batch_interval` and `sync_interval` may be. */
  readonly settingsIntervalMs: number = DAY_MS;
  /** Cursors that each topic keeps for the next readers of many frames. */
  readonly idleCursors: number = 64;
  /** Findings that one check lists. */
  readonly checkFindings: number = 1000;
  /** Whole messages of one stream in that wait for those before them to be committed; then the client waits. */
  readonly streamInBytes: number = MiB;
  /** Time after which a stream that found too many bytes in flight tries again. */
  readonly streamRetryMs: number = 50;
  /** Topics opened or closed at a time. */
  readonly topicsInTransition: number = 32;
}

/** What lib/topic is handed; the log's caps bound some settings. */
export interface Limits extends LogCaps, ScannerLimits, TopicCaps {}
