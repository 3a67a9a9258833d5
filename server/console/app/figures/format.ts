/** Figures as people read them: sizes, counts, rates, ages, times. All times are UTC, as the API has them. */

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"] as const;
const UNIT_STEP = 1024;

/** `512 B`, `1.5 KiB`, `980 MiB`. */
export function bytesText(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (Math.round(value) >= UNIT_STEP && unit < UNITS.length - 1) {
    value /= UNIT_STEP;
    unit++;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${UNITS[unit]}`;
}

const COUNTS = new Intl.NumberFormat("en-US");

/** `12,345`. */
export function countText(count: number): string {
  return COUNTS.format(count);
}

/** `1 message`, `2,000 messages`. */
export function counted(count: number, thing: string): string {
  return `${countText(count)} ${thing}${count === 1 ? "" : "s"}`;
}

/** Per second: `0`, `0.04`, `7.5`, `1,200`; a dash where it is not known yet. */
export function rateText(perSecond: number | undefined): string {
  if (perSecond === undefined) return UNKNOWN;
  if (perSecond === 0) return "0";
  if (perSecond >= 10) return countText(Math.round(perSecond));
  return perSecond.toFixed(perSecond >= 0.1 ? 1 : 2);
}

/** Stands where there is no figure. */
export const UNKNOWN = "–";

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** In its largest unit: `now`, `12s`, `3m`, `5h`, `40d`. What lies in the future is `now`. */
export function ageText(ageMs: number): string {
  if (ageMs < SECOND_MS) return "now";
  if (ageMs < MINUTE_MS) return `${Math.floor(ageMs / SECOND_MS)}s`;
  if (ageMs < HOUR_MS) return `${Math.floor(ageMs / MINUTE_MS)}m`;
  if (ageMs < 2 * DAY_MS) return `${Math.floor(ageMs / HOUR_MS)}h`;
  return `${Math.floor(ageMs / DAY_MS)}d`;
}

/** The age of a time as the API tells it; a dash for none. */
export function ageOf(time: string | null | undefined, nowMs: number): string {
  return time === null || time === undefined ? UNKNOWN : ageText(nowMs - Date.parse(time));
}

/** In its two largest units: `3d 4h`, `12m 5s`. */
export function spanText(spanMs: number): string {
  const parts = [
    [Math.floor(spanMs / DAY_MS), "d"],
    [Math.floor((spanMs % DAY_MS) / HOUR_MS), "h"],
    [Math.floor((spanMs % HOUR_MS) / MINUTE_MS), "m"],
    [Math.floor((spanMs % MINUTE_MS) / SECOND_MS), "s"],
  ] as const;
  const first = parts.findIndex(([count]) => count > 0);
  if (first === -1) return "0s";
  return parts
    .slice(first, first + 2)
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count}${unit}`)
    .join(" ");
}

/** Seconds as a latency: `80 µs`, `4.2 ms`, `1.3 s`. */
export function latencyText(seconds: number): string {
  if (seconds < 0.001) return `${Math.round(seconds * 1_000_000)} µs`;
  if (seconds < 1) return `${precise(seconds * 1000)} ms`;
  return `${precise(seconds)} s`;
}

function precise(value: number): string {
  return value >= 100 ? String(Math.round(value)) : String(Number(value.toPrecision(2)));
}

/** The time of day where it is today, else the day too. */
export function timeText(timestamp: string, nowMs: number): string {
  const today = new Date(nowMs).toISOString().slice(0, 10);
  const [day = "", time = ""] = timestamp.replace(/Z$/, "").split("T");
  return day === today ? time : `${day} ${time.slice(0, 8)}`;
}

const SPAN_UNITS: Readonly<Record<string, number>> = {
  year: 365 * DAY_MS,
  month: 30 * DAY_MS,
  day: DAY_MS,
  h: HOUR_MS,
  m: MINUTE_MS,
  s: SECOND_MS,
  ms: 1,
  µs: 1e-3,
  ns: 1e-6,
};

/** A duration as the API tells it, such as `1day2h3.5s`, in ms; `undefined` for none. */
export function parseSpan(text: string | null): number | undefined {
  if (text === null) return undefined;
  let ms = 0;
  for (const [, count, unit = ""] of text.matchAll(/([0-9.]+)(year|month|day|h|ms|m|s|µs|ns)/g)) {
    ms += Number(count) * (SPAN_UNITS[unit] ?? 0);
  }
  return ms;
}
