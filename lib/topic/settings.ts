/**
 * A topic's settings: their check, their defaults, and what they mean to the log. They are kept in the words of
 * the wire, in memory, in `settings.json` and in the topic's info alike. Which there are: setting-table.ts.
 *
 * A topic is created with the server's defaults of that day written out, as NetLog does it: a server started with
 * other defaults changes no topic that is there.
 */
import { type BigDuration, durationMs, formatDuration, parseDuration } from "../base/duration.ts";
import { isNetlogError, NetlogError } from "../base/errors.ts";
import type { LogLimits } from "../log/log.ts";
import { refusalOfContentType } from "../message/field-rules.ts";
import { parseTime } from "../reading/offsets.ts";
import type { Limits } from "./limits.ts";
import {
  boundOf,
  type ChoiceSetting,
  type CodeSetting,
  DEFAULT_SETTINGS,
  type DurationSetting,
  type IntegerSetting,
  SETTING_NAMES,
  SETTINGS,
  type SettingName,
  type TopicSettings,
} from "./setting-table.ts";

const QUOTED_LENGTH = 40;

/**
 * Checks parsed JSON and fills in what is zero or absent.
 *
 * @throws bad_request, with a reason that names the field; invalid_compression_type.
 */
export function resolveSettings(given: unknown, defaults: TopicSettings, limits: Limits): TopicSettings {
  const fields = requireObject(given);
  return requireOneEnd(
    Object.fromEntries(
      SETTING_NAMES.map((name) => [name, check(name, fields, limits) ?? defaults[name]]),
    ) as unknown as TopicSettings,
  );
}

/**
 * The settings of a fork: what `given` leaves out is as in its source, whose content type it has.
 *
 * @throws as resolveSettings does; bad_request also for another content type.
 */
export function forkSettings(given: unknown, source: TopicSettings, limits: Limits): TopicSettings {
  const { ttl, expires_at } = resolveSettings(given, DEFAULT_SETTINGS, limits);
  const hasOwnEnd = ttl !== undefined || expires_at !== undefined;
  const inherited = hasOwnEnd ? { ...source, ttl, expires_at } : source;
  const settings = resolveSettings(given, inherited as TopicSettings, limits);
  if (settings.content_type === source.content_type) return settings;
  const own = source.content_type === undefined ? "none" : quote(source.content_type);
  const reason = `content_type is ${quote(settings.content_type)}; a fork has that of its source, which is ${own}`;
  throw new NetlogError("bad_request", { reason });
}

/** A topic may end by ttl or by expires_at, not by both. @throws bad_request. */
function requireOneEnd(settings: TopicSettings): TopicSettings {
  const { ttl, expires_at } = settings;
  if (ttl === undefined || expires_at === undefined) return settings;
  const reason = `ttl is ${quote(ttl)} and expires_at ${quote(expires_at)}; a topic takes one of them: set the other to ""`;
  throw new NetlogError("bad_request", { reason });
}

/** @throws bad_request: the topic would have ended at once. What a file says may well lie in the past. */
export function requireFutureEnd({ expires_at }: TopicSettings, nowMs: number): void {
  if (expires_at === undefined || Date.parse(expires_at) > nowMs) return;
  throw refuse("expires_at", expires_at, `a time later than now, which is ${new Date(nowMs).toISOString()}`);
}

/**
 * The settings after a change that names some of them, as parsed JSON: what is zero goes back to the default, what is
 * absent stays. Where the current ones are not the topic's own (`areLost`), none is fixed.
 *
 * @throws as resolveSettings does; bad_request also when it names none, another value for a fixed setting, or a time in
 *   the past.
 */
export function changeSettings(
  change: unknown,
  current: TopicSettings,
  { defaults, limits, nowMs, areLost }: ChangeTerms,
): TopicSettings {
  const resolved = resolveSettings(change ?? null, defaults, limits);
  const names = Object.keys(change as Fields) as SettingName[];
  if (names.length === 0) {
    const known = SETTING_NAMES.join(", ");
    throw new NetlogError("bad_request", { reason: `there is no setting to change; there are ${known}` });
  }
  const isChanged = (name: SettingName) =>
    SETTINGS[name].isFixed === true && resolved[name] !== current[name];
  const fixed = areLost ? undefined : names.find(isChanged);
  if (fixed !== undefined) {
    const value = current[fixed] === undefined ? "none" : quote(current[fixed]);
    const reason = `${fixed} is ${value} for as long as the topic lives; leave it out`;
    throw new NetlogError("bad_request", { reason });
  }
  if (names.includes("expires_at")) requireFutureEnd(resolved, nowMs);
  return requireOneEnd({ ...current, ...Object.fromEntries(names.map((name) => [name, resolved[name]])) });
}

export interface ChangeTerms {
  readonly defaults: TopicSettings;
  readonly limits: Limits;
  readonly nowMs: number;
  /** The topic's own settings are lost. */
  readonly areLost: boolean;
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

type Fields = Readonly<Partial<Record<SettingName, unknown>>>;

function requireObject(given: unknown): Fields {
  if (given === undefined) return {};
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    throw new NetlogError("bad_request", { reason: `settings are a JSON object, not ${quote(given)}` });
  }
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(SETTINGS, name)) {
      const known = SETTING_NAMES.join(", ");
      throw new NetlogError("bad_request", { reason: `unknown setting ${quote(name)}; there are ${known}` });
    }
  }
  return given;
}

/** `undefined` for zero and for absent. */
function check(name: SettingName, fields: Fields, limits: Limits): string | number | undefined {
  if (!Object.hasOwn(fields, name)) return undefined;
  const value = fields[name];
  const setting = SETTINGS[name];
  if (setting.default === null && (value === null || value === 0 || value === "")) return undefined;
  switch (setting.kind) {
    case "duration":
      return checkDuration(name, setting, value, limits);
    case "integer":
      return checkInteger(name, setting, value, limits);
    case "choice":
      return checkChoice(name, setting, value);
    case "code":
      return checkCode(name, setting, value);
    case "time":
      return checkTime(name, value);
    case "media_type":
      return checkMediaType(name, value, limits);
  }
}

function checkInteger(
  name: SettingName,
  { min, max }: IntegerSetting,
  value: unknown,
  limits: Limits,
): number | undefined {
  if (value === 0) return undefined;
  const [least, most] = [boundOf(min, limits), boundOf(max, limits)];
  if (!Number.isSafeInteger(value) || Number(value) < least || Number(value) > most) {
    throw refuse(name, value, `an integer from ${least} to ${most}, or 0 for the default`);
  }
  return Number(value);
}

function checkDuration(
  name: SettingName,
  { min, max, default: fallback }: DurationSetting,
  value: unknown,
  limits: Limits,
): string | undefined {
  if (value === "") return undefined;
  if (typeof value !== "string") {
    const zero = fallback === null ? "none" : "the default";
    throw refuse(name, value, `a text such as "30day" or "1m30s", or "0s" for ${zero}`);
  }
  const duration = requireParsed(name, value);
  const lengthMs = durationMs(duration);
  const mostMs = max === undefined ? Infinity : boundOf(max, limits);
  if (lengthMs > mostMs) throw refuse(name, value, `at most ${formatDuration(msDuration(mostMs))}`);
  const leastMs = min === undefined ? 0 : boundOf(min, limits);
  if (lengthMs > 0 && lengthMs < leastMs) {
    throw refuse(name, value, `at least ${formatDuration(msDuration(leastMs))}, or "0s" for none`);
  }
  return lengthMs === 0 ? undefined : formatDuration(duration);
}

function requireParsed(name: SettingName, text: string): BigDuration {
  try {
    return parseDuration(text);
  } catch (error) {
    if (!isNetlogError(error)) throw error;
    throw new NetlogError("bad_request", { reason: `${name}: ${error.reason ?? ""}`, cause: error });
  }
}

function checkChoice(
  name: SettingName,
  { choices, synonyms }: ChoiceSetting,
  value: unknown,
): string | undefined {
  if (value === "") return undefined;
  if (typeof value === "string") {
    if (choices.includes(value)) return value;
    if (Object.hasOwn(synonyms, value)) return synonyms[value];
  }
  throw refuse(name, value, orList(choices.map((choice) => `"${choice}"`)));
}

function checkCode(name: SettingName, { codes, refusedAs }: CodeSetting, value: unknown): number | undefined {
  if (value === 0) return undefined;
  const known = Object.entries(codes);
  if (known.some(([, code]) => code === value)) return value as number;
  const allowed = orList(["0 (the default)", ...known.map(([word, code]) => `${code} (${word})`)]);
  if (!Number.isInteger(value)) throw refuse(name, value, allowed);
  throw new NetlogError(refusedAs, { reason: reasonOf(name, value, allowed) });
}

function checkTime(name: SettingName, value: unknown): string {
  const timeMs = typeof value === "string" ? parseTime(value.toLowerCase()) : undefined;
  if (timeMs !== undefined) return new Date(timeMs).toISOString();
  throw refuse(name, value, 'an RFC 3339 time such as "2026-11-20T23:27:59Z", or "" for none');
}

function checkMediaType(name: SettingName, value: unknown, limits: Limits): string {
  if (typeof value !== "string")
    throw refuse(name, value, 'a text such as "application/json", or "" for none');
  const refusal = refusalOfContentType(value, limits);
  if (refusal === undefined) return value;
  throw new NetlogError("bad_request", { reason: `${name} is ${quote(value)}; ${refusal}` });
}

function orList(words: readonly string[]): string {
  return `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;
}

function refuse(name: SettingName, value: unknown, allowed: string): NetlogError {
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
