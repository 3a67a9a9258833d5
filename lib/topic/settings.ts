/**
 * A topic's settings: their check, their defaults, and what they mean to the log. They are kept in the words of
 * the wire, in memory, in `settings.json` and in the topic's info alike.
 *
 * A topic is created with the server's defaults of that day written out, as NetLog does it: a server started with
 * other defaults changes no topic that is there.
 */
import { type BigDuration, durationMs, formatDuration, parseDuration } from "../base/duration.ts";
import { isNetlogError, NetlogError } from "../base/errors.ts";
import type { Limits } from "../base/limits.ts";
import type { Durability, LogLimits } from "../log/log.ts";

/** Of message sets: 1 as they are, 2 gzip, 3 snappy. */
export type SettingsCompression = 1 | 2 | 3;

/** Resolved: nothing is absent or left to a default. Durations are in canonical form, sizes in bytes. */
export interface TopicSettings {
  /** Segments whose last message is older are dropped. */
  readonly segment_age: string;
  readonly segment_size: number;
  /** Messages of one set at most. */
  readonly batch_num_messages: number;
  /** How long a set of a compressed topic waits for more messages. */
  readonly batch_interval: string;
  readonly compression_type: SettingsCompression;
  readonly durability: Durability;
  /** Of a `written` topic. */
  readonly sync_interval: string;
  /** 0: no limit. */
  readonly retention_size: number;
}

export const DEFAULT_SETTINGS: TopicSettings = {
  segment_age: "30day",
  segment_size: 1024 ** 3,
  batch_num_messages: 100,
  batch_interval: "0s",
  compression_type: 1,
  durability: "synced",
  sync_interval: "1s",
  retention_size: 0,
};

const QUOTED_LENGTH = 40;

/**
 * Checks parsed JSON and fills in what is zero or absent.
 *
 * @throws bad_request, with a reason that names the field; invalid_compression_type.
 */
export function resolveSettings(given: unknown, defaults: TopicSettings, limits: Limits): TopicSettings {
  const fields = requireObject(given);
  return {
    segment_age: requireDuration(fields, "segment_age", Infinity) ?? defaults.segment_age,
    segment_size:
      requireInteger(fields, "segment_size", limits.segmentSizeMinBytes, limits.segmentSizeMaxBytes) ??
      defaults.segment_size,
    batch_num_messages:
      requireInteger(fields, "batch_num_messages", 1, limits.batchMessages) ?? defaults.batch_num_messages,
    batch_interval:
      requireDuration(fields, "batch_interval", limits.settingsIntervalMs) ?? defaults.batch_interval,
    compression_type: requireCompression(fields) ?? defaults.compression_type,
    durability: requireDurability(fields) ?? defaults.durability,
    sync_interval:
      requireDuration(fields, "sync_interval", limits.settingsIntervalMs) ?? defaults.sync_interval,
    retention_size:
      requireInteger(fields, "retention_size", 1, Number.MAX_SAFE_INTEGER) ?? defaults.retention_size,
  };
}

/**
 * The settings after a change that names some of them, as parsed JSON: what is zero goes back to the default, what is
 * absent stays.
 *
 * @throws as resolveSettings does; bad_request also when it names none.
 */
export function changeSettings(
  change: unknown,
  current: TopicSettings,
  defaults: TopicSettings,
  limits: Limits,
): TopicSettings {
  const resolved = resolveSettings(change ?? null, defaults, limits);
  const names = Object.keys(change as Fields) as (keyof TopicSettings)[];
  if (names.length === 0) {
    const known = Object.keys(DEFAULT_SETTINGS).join(", ");
    throw new NetlogError("bad_request", { reason: `there is no setting to change; there are ${known}` });
  }
  return { ...current, ...Object.fromEntries(names.map((name) => [name, resolved[name]])) };
}

/** What the settings ask of the log. */
export function logLimitsOf(settings: TopicSettings): LogLimits {
  return {
    segmentSizeBytes: settings.segment_size,
    segmentAgeMs: durationMs(parseDuration(settings.segment_age)),
    retentionSizeBytes: settings.retention_size,
    durability: settings.durability,
    // A timer of less than a millisecond would be none.
    syncIntervalMs: Math.max(1, Math.ceil(durationMs(parseDuration(settings.sync_interval)))),
  };
}

type Fields = Readonly<Partial<Record<keyof TopicSettings, unknown>>>;

function requireObject(given: unknown): Fields {
  if (given === undefined) return {};
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    throw new NetlogError("bad_request", { reason: `settings are a JSON object, not ${quote(given)}` });
  }
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(DEFAULT_SETTINGS, name)) {
      const known = Object.keys(DEFAULT_SETTINGS).join(", ");
      throw new NetlogError("bad_request", { reason: `unknown setting ${quote(name)}; there are ${known}` });
    }
  }
  return given;
}

function given(fields: Fields, name: keyof TopicSettings, absent: unknown): unknown {
  return Object.hasOwn(fields, name) ? fields[name] : absent;
}

/** `undefined` for zero and for absent. */
function requireInteger(
  fields: Fields,
  name: keyof TopicSettings,
  min: number,
  max: number,
): number | undefined {
  const value = given(fields, name, 0);
  if (value === 0) return undefined;
  if (!Number.isSafeInteger(value) || Number(value) < min || Number(value) > max) {
    throw refuse(name, value, `an integer from ${min} to ${max}, or 0 for the default`);
  }
  return Number(value);
}

function requireDuration(fields: Fields, name: keyof TopicSettings, maxMs: number): string | undefined {
  const value = given(fields, name, "");
  if (value === "") return undefined;
  if (typeof value !== "string") {
    throw refuse(name, value, 'a text such as "30day" or "1m30s", or "0s" for the default');
  }
  const duration = requireParsed(name, value);
  const lengthMs = durationMs(duration);
  if (lengthMs > maxMs) throw refuse(name, value, `at most ${formatDuration(msDuration(maxMs))}`);
  return lengthMs === 0 ? undefined : formatDuration(duration);
}

function requireParsed(name: keyof TopicSettings, text: string): BigDuration {
  try {
    return parseDuration(text);
  } catch (error) {
    if (!isNetlogError(error)) throw error;
    throw new NetlogError("bad_request", { reason: `${name}: ${error.reason ?? ""}`, cause: error });
  }
}

function requireCompression(fields: Fields): SettingsCompression | undefined {
  const name = "compression_type";
  const allowed = "0 (the default), 1 (none), 2 (gzip) or 3 (snappy)";
  const value = given(fields, name, 0);
  if (value === 0) return undefined;
  if (value === 1 || value === 2 || value === 3) return value;
  if (!Number.isInteger(value)) throw refuse(name, value, allowed);
  throw new NetlogError("invalid_compression_type", { reason: reasonOf(name, value, allowed) });
}

function requireDurability(fields: Fields): Durability | undefined {
  const value = given(fields, "durability", "");
  if (value === "") return undefined;
  if (value === "synced" || value === "written") return value;
  if (value === "buffered") return "written";
  throw refuse("durability", value, '"synced" or "written"');
}

function refuse(name: keyof TopicSettings, value: unknown, allowed: string): NetlogError {
  return new NetlogError("bad_request", { reason: reasonOf(name, value, allowed) });
}

function reasonOf(name: string, value: unknown, allowed: string): string {
  return `${name} is ${quote(value)}; it takes ${allowed}`;
}

/** Short enough for an answer, whatever was given. */
function quote(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > QUOTED_LENGTH ? `${text.slice(0, QUOTED_LENGTH)}…` : text;
}

function msDuration(ms: number): BigDuration {
  return { years: 0, months: 0, days: 0, ms };
}
