/**
 * The spellings of an offset, as they come in a path or a parameter: words, numbers, durations back from now,
 * times. What an offset may be used for, and whether there is such a message, is not decided here.
 */
import { parseDurationAtMost, timeBefore } from "../base/duration.ts";
import { isNetlogError, NetlogError } from "../base/errors.ts";
import type { Log } from "../log/log.ts";

export type OffsetSpelling =
  | { readonly kind: "first" | "last" | "end" }
  | { readonly kind: "offset"; readonly offset: number }
  /** The first message not older than this. */
  | { readonly kind: "time"; readonly timeMs: number };

const FIRST_WORDS: ReadonlySet<string> = new Set(["", "beginning", "first", "oldest", "start"]);
const LAST_WORDS: ReadonlySet<string> = new Set(["last", "latest"]);
const END_WORDS: ReadonlySet<string> = new Set(["end", "now"]);

const INTEGER = /^[+-]?[0-9]+$/;
/** NetLog's offsets are int64; what does not fit is no number to it, whether or not it is an offset here. */
const INT64_MAX = 2n ** 63n - 1n;
const INT64_DIGITS = 19;

/** RFC 3339 in lower case; a `+` that was not escaped in a URL arrives as a space. */
const TIME =
  /^([0-9]{4})-([0-9]{2})-([0-9]{2})t([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,30}))?(?:z|([+ -])([0-9]{2}):([0-9]{2}))$/;

const MINUTE_MS = 60_000;
const QUOTED_LENGTH = 40;
const FORM =
  "take first, last, end, a number, a duration such as 1h30m, or an RFC 3339 time such as 2026-11-20T23:27:59Z";

/**
 * The offset that `text` stands for in `log` at `nowMs`. It may be negative, dropped or beyond the end.
 * `last` of a topic without messages is the offset of the one to come.
 *
 * @throws invalid_offset when the text is no spelling of an offset.
 */
export async function resolveOffset(text: string, log: Log, nowMs: number): Promise<number> {
  const spelling = parseOffset(text, nowMs);
  switch (spelling.kind) {
    case "first":
      return log.logStartOffset;
    case "last":
      return Math.max(log.highWatermark - 1, log.logStartOffset);
    case "end":
      return log.logEndOffset;
    case "offset":
      return spelling.offset;
    case "time":
      return await log.offsetAt(spelling.timeMs);
  }
}

/** @throws invalid_offset. */
export function parseOffset(text: string, nowMs: number): OffsetSpelling {
  const lower = text.toLowerCase();
  if (FIRST_WORDS.has(lower)) return { kind: "first" };
  if (LAST_WORDS.has(lower)) return { kind: "last" };
  if (END_WORDS.has(lower)) return { kind: "end" };
  if (INTEGER.test(lower)) return { kind: "offset", offset: parseInteger(lower) };
  const timeMs = parseTime(lower) ?? parseTimeBack(lower, nowMs);
  if (timeMs === undefined) throw invalid(text);
  return { kind: "time", timeMs };
}

/** A double is near enough above 2^53: there is no such message, whichever it is. */
function parseInteger(text: string): number {
  const digits = text.replace(/^[+-]?0*/, "");
  if (digits.length > INT64_DIGITS || BigInt(digits) > INT64_MAX) throw invalid(text);
  return text.startsWith("-") ? 0 - Number(digits) : Number(digits);
}

/** Parses a time in lower case to ms since 1970, rounded up to whole ones; `undefined` when the text is no time. */
export function parseTime(text: string): number | undefined {
  const match = TIME.exec(text);
  if (match === null) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1, 7).map(Number);
  const zoneHours = Number(match[9] ?? 0);
  const zoneMinutes = Number(match[10] ?? 0);
  if (hour > 23 || minute > 59 || second > 59 || zoneHours > 23 || zoneMinutes > 59) return undefined;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined;
  date.setUTCHours(hour, minute, second, 0);
  const zoneMs = (zoneHours * 60 + zoneMinutes) * MINUTE_MS * (match[8] === "-" ? -1 : 1);
  return date.getTime() - zoneMs + fractionMs(match[7] ?? "");
}

function fractionMs(digits: string): number {
  const wholeMs = Number(digits.slice(0, 3).padEnd(3, "0"));
  return /[1-9]/.test(digits.slice(3)) ? wholeMs + 1 : wholeMs;
}

function parseTimeBack(text: string, nowMs: number): number | undefined {
  try {
    return timeBefore(parseDurationAtMost(text), nowMs);
  } catch (error) {
    if (isNetlogError(error, "invalid_duration")) return undefined;
    throw error;
  }
}

function invalid(text: string): NetlogError {
  const quoted = text.length > QUOTED_LENGTH ? `${text.slice(0, QUOTED_LENGTH)}…` : text;
  return new NetlogError("invalid_offset", { reason: `${JSON.stringify(quoted)} is no offset; ${FORM}` });
}
