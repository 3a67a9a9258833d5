/**
 * The part of time whose journals are shown: the last minutes, hours or days, or what lies between two times. The URL has it
 * as `recent`, or as the API's `from` and `to`: whole seconds since 1970, both included.
 */
import type { Query } from "../../../console/app/shell/route.ts";

export interface TimeRange {
  /** One of RECENT; `undefined`: it lies between `from` and `to`. */
  readonly recent: string | undefined;
  /** As the URL has them; `undefined`: open. */
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

const MINUTE_S = 60;
const HOUR_S = 60 * MINUTE_S;
const DAY_S = 24 * HOUR_S;

export const RECENT: readonly { readonly name: string; readonly title: string; readonly seconds: number }[] =
  [
    { name: "15m", title: "15 minutes", seconds: 15 * MINUTE_S },
    { name: "1h", title: "1 hour", seconds: HOUR_S },
    { name: "24h", title: "24 hours", seconds: DAY_S },
    { name: "7d", title: "7 days", seconds: 7 * DAY_S },
    { name: "30d", title: "30 days", seconds: 30 * DAY_S },
    { name: "all", title: "All time", seconds: Number.POSITIVE_INFINITY },
  ];

const USUAL = "all";

export function rangeIn({ recent, from, to }: Query): TimeRange {
  if (from !== undefined || to !== undefined) return { recent: undefined, from, to };
  return { recent: RECENT.find(({ name }) => name === recent)?.name ?? USUAL };
}

/** What changes in the URL; the list begins at its first page. */
export function rangeChange({ recent, from, to }: TimeRange): Query {
  const isRecent = recent !== undefined;
  return {
    page: undefined,
    recent: recent === USUAL ? undefined : recent,
    from: isRecent ? undefined : from,
    to: isRecent ? undefined : to,
  };
}

/** What the API is asked for. */
export function rangeParameters({ recent, from, to }: TimeRange, nowMs: number): Query {
  if (recent === undefined) return { from, to };
  const seconds = RECENT.find(({ name }) => name === recent)?.seconds ?? Number.POSITIVE_INFINITY;
  return Number.isFinite(seconds) ? { from: String(Math.floor(nowMs / 1000) - seconds) } : {};
}

/** In words, as in `in the last 1 hour`. */
export function rangeText({ recent }: TimeRange): string {
  if (recent === USUAL) return "";
  const title = RECENT.find(({ name }) => name === recent)?.title;
  return title === undefined ? " between these times" : ` in the last ${title}`;
}

/** Seconds as a field of a form has them: RFC 3339 without a zone. Empty for what is no time. */
export function timeOfSeconds(seconds: string | undefined): string {
  const date = new Date(seconds === undefined || seconds === "" ? Number.NaN : Number(seconds) * 1000);
  return Number.isNaN(date.getTime()) ? "" : date.toISOString();
}

/** `undefined` for what is no time. */
export function secondsOfTime(time: string | undefined): string | undefined {
  const ms = Date.parse(time ?? "");
  return Number.isNaN(ms) ? undefined : String(Math.floor(ms / 1000));
}
