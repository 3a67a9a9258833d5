/**
 * NetLog's big durations, such as `2month23day2h3m0.5s`: years, months and days that follow the calendar when
 * counted back from a time, then hours to nanoseconds as Go spells them. Parsing, printing, counting.
 */
import { NetlogError } from "./errors.ts";

const SECOND_MS = 1000;
const DAY_MS = 86_400 * SECOND_MS;
const MONTH_DAYS = 30;
const YEAR_DAYS = 365;
const WEEK_DAYS = 7;

/** The longest: a time so long ago is nobody's message, and still well within what a Date holds. */
const MAX_YEARS = 1000;
export const MAX_DURATION_MS: number = MAX_YEARS * YEAR_DAYS * DAY_MS;
/** From here on a double no longer holds nanoseconds; such a duration is kept to the millisecond. */
const NANOSECONDS_BELOW_MS = 2 ** 33;
/** Digits after the point that count; what follows is far below a nanosecond in every unit. */
const MAX_DECIMALS = 19;
/** Any sensible duration is shorter; it bounds the work that a text can cause. */
const MAX_LENGTH = 256;
const QUOTED_LENGTH = 40;

const FORM =
  "take 0, or whole year, month, week, day, then h, m, s, ms, us, ns with decimals allowed, " +
  "each at most once, largest first, such as 2month23day2h3m0.5s";

/** All four are at least 0. Without one another's carry: `48h` stays 48 hours, as `2day` is 2 days. */
export interface BigDuration {
  readonly years: number;
  readonly months: number;
  readonly days: number;
  /** Hours and smaller, in ms with decimals; exact to the nanosecond below 99 days, above it whole. */
  readonly ms: number;
}

/** In the order in which they must come. */
type BigUnit = "year" | "month" | "week" | "day";

const BIG_UNITS: readonly BigUnit[] = ["year", "month", "week", "day"];

/** Rank in the order of units, and length in ns. The micro sign comes in two code points, as in Go. */
const SMALL_UNITS: ReadonlyMap<string, { readonly rank: number; readonly ns: number }> = new Map([
  ["h", { rank: 4, ns: 3_600e9 }],
  ["m", { rank: 5, ns: 60e9 }],
  ["s", { rank: 6, ns: 1e9 }],
  ["ms", { rank: 7, ns: 1e6 }],
  ["us", { rank: 8, ns: 1e3 }],
  ["\u00b5s", { rank: 8, ns: 1e3 }],
  ["\u03bcs", { rank: 8, ns: 1e3 }],
  ["ns", { rank: 9, ns: 1 }],
]);

/**
 * Reads a duration that is kept. Units are lower case; a sign, a bare number other than 0 and the empty text are none.
 *
 * @throws invalid_duration, with a reason that names the value and the form; also for more than 1000 years.
 */
export function parseDuration(text: string): BigDuration {
  const parsed = parseAnyLength(text);
  if (durationMs(parsed) > MAX_DURATION_MS) throw invalid(text, `${FORM}, at most ${MAX_YEARS}year`);
  return parsed;
}

/** As parseDuration, but takes more than 1000 years for that: the longest time to wait, or to look back. */
export function parseDurationAtMost(text: string): BigDuration {
  const parsed = parseAnyLength(text);
  return durationMs(parsed) > MAX_DURATION_MS ? { years: MAX_YEARS, months: 0, days: 0, ms: 0 } : parsed;
}

function parseAnyLength(text: string): BigDuration {
  if (text === "0") return { years: 0, months: 0, days: 0, ms: 0 };
  if (text.length === 0 || text.length > MAX_LENGTH) throw invalid(text);
  const counts: Record<BigUnit, number> = { year: 0, month: 0, week: 0, day: 0 };
  let ns = 0n;
  let lastRank = -1;
  const part = /(\d*)(\.?)(\d*)([a-z\u00b5\u03bc]+)/y;
  while (part.lastIndex < text.length) {
    const [, whole = "", point = "", decimals = "", unit = ""] = part.exec(text) ?? [];
    if (whole === "" && decimals === "") throw invalid(text);
    const small = SMALL_UNITS.get(unit);
    const big = small === undefined ? bigUnit(unit) : undefined;
    const rank = small?.rank ?? (big === undefined ? -1 : BIG_UNITS.indexOf(big));
    if (rank <= lastRank) throw invalid(text);
    lastRank = rank;
    if (small !== undefined) {
      ns += BigInt(whole) * BigInt(small.ns) + BigInt(decimalsNs(decimals, small.ns));
    } else if (big !== undefined && point === "") {
      counts[big] = Number(whole);
    } else {
      throw invalid(text);
    }
  }
  return {
    years: counts.year,
    months: counts.month,
    days: counts.week * WEEK_DAYS + counts.day,
    ms: nsToMs(ns),
  };
}

/** Length in ms, with a year of 365 days, a month of 30 and a day of 24 hours. */
export function durationMs(duration: BigDuration): number {
  const days = duration.years * YEAR_DAYS + duration.months * MONTH_DAYS + duration.days;
  return days * DAY_MS + duration.ms;
}

/**
 * The time, ms since 1970, that lies `duration` before `nowMs` by the calendar of UTC. A day that its month
 * does not have runs over into the next, as in Go: a month before 31 March is 3 March, or 2 in a leap year.
 */
export function timeBefore(duration: BigDuration, nowMs: number): number {
  const date = new Date(nowMs);
  date.setUTCFullYear(
    date.getUTCFullYear() - duration.years,
    date.getUTCMonth() - duration.months,
    date.getUTCDate() - duration.days,
  );
  return date.getTime() - duration.ms;
}

/** Prints in NetLog's form, without units that are zero; the part below a day as Go prints it. Zero is `0s`. */
export function formatDuration(duration: BigDuration): string {
  const { years, months, days, ms } = duration;
  const big = [
    years > 0 ? `${years}year` : "",
    months > 0 ? `${months}month` : "",
    days > 0 ? `${days}day` : "",
  ].join("");
  return big !== "" && ms === 0 ? big : big + formatSmall(ms);
}

/** Hours, minutes and seconds from the largest that is not zero on; below a second one unit with decimals. */
function formatSmall(ms: number): string {
  const ns = BigInt(Math.trunc(ms)) * 1_000_000n + BigInt(Math.round((ms % 1) * 1e6));
  if (ns === 0n) return "0s";
  if (ns < 1_000n) return `${ns}ns`;
  if (ns < 1_000_000n) return `${decimal(ns, 3)}\u00b5s`;
  if (ns < 1_000_000_000n) return `${decimal(ns, 6)}ms`;
  const minutes = ns / 60_000_000_000n;
  const seconds = `${decimal(ns % 60_000_000_000n, 9)}s`;
  if (minutes === 0n) return seconds;
  return minutes < 60n ? `${minutes}m${seconds}` : `${minutes / 60n}h${minutes % 60n}m${seconds}`;
}

/** `value` divided by 10^places, without zeros at the end. */
function decimal(value: bigint, places: number): string {
  const digits = value.toString().padStart(places + 1, "0");
  return `${digits.slice(0, -places)}.${digits.slice(-places)}`.replace(/\.?0+$/, "");
}

function bigUnit(unit: string): BigUnit | undefined {
  return BIG_UNITS.find((name) => unit === name || unit === `${name}s`);
}

/** Cut off below a nanosecond, and multiplied in the order that gives Go's own results. */
function decimalsNs(decimals: string, unitNs: number): number {
  const digits = decimals.slice(0, MAX_DECIMALS);
  return Math.trunc(Number(digits) * (unitNs / 10 ** digits.length));
}

function nsToMs(ns: bigint): number {
  const wholeMs = Number(ns / 1_000_000n);
  const restNs = Number(ns % 1_000_000n);
  return wholeMs < NANOSECONDS_BELOW_MS ? wholeMs + restNs / 1e6 : wholeMs;
}

function invalid(text: string, form = FORM): NetlogError {
  const quoted = text.length > QUOTED_LENGTH ? `${text.slice(0, QUOTED_LENGTH)}\u2026` : text;
  return new NetlogError("invalid_duration", { reason: `${JSON.stringify(quoted)} is no duration; ${form}` });
}
