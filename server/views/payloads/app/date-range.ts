/**
 * The part of time that a list shows: the last minutes or hours, or what lies between two times. The URL has it as `recent`
 * and `by`, or under the API's own names: `date_gte`, `created_at_lte`.
 */
import type { Query } from "../../../console/app/shell/route.ts";

export interface DateRange {
  /** The column that it is of. */
  readonly by: string;
  /** One of RECENT; `undefined`: it lies between `from` and `to`. */
  readonly recent: string | undefined;
  /** RFC 3339. `undefined`: open. */
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  /** These ends do not count themselves; other ends do. */
  readonly excludes?: readonly ("from" | "to")[];
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

export const RECENT: readonly { readonly name: string; readonly title: string; readonly ms: number }[] = [
  { name: "15m", title: "15 minutes", ms: 15 * MINUTE_MS },
  { name: "1h", title: "1 hour", ms: HOUR_MS },
  { name: "3h", title: "3 hours", ms: 3 * HOUR_MS },
  { name: "6h", title: "6 hours", ms: 6 * HOUR_MS },
  { name: "12h", title: "12 hours", ms: 12 * HOUR_MS },
  { name: "24h", title: "24 hours", ms: 24 * HOUR_MS },
  { name: "2d", title: "2 days", ms: 48 * HOUR_MS },
  { name: "all", title: "All Time", ms: Number.POSITIVE_INFINITY },
];

/** The usual range. */
const USUAL = "15m";
const AFTER = ["gte", "gt"] as const;
const BEFORE = ["lte", "lt"] as const;

/** `times` are the columns that may be asked for; the first is the usual one. */
export function rangeIn(query: Query, times: readonly string[]): DateRange {
  for (const by of times) {
    const given = ([included, excluded]: typeof AFTER | typeof BEFORE): string | undefined =>
      query[`${by}_${included}`] ?? query[`${by}_${excluded}`];
    const [from, to] = [given(AFTER), given(BEFORE)];
    if (from === undefined && to === undefined) continue;
    const excludes = [
      ...(from !== undefined && query[`${by}_gte`] === undefined ? (["from"] as const) : []),
      ...(to !== undefined && query[`${by}_lte`] === undefined ? (["to"] as const) : []),
    ];
    return { by, recent: undefined, from, to, ...(excludes.length === 0 ? {} : { excludes }) };
  }
  const recent = RECENT.find(({ name }) => name === query.recent)?.name ?? USUAL;
  return { by: times.find((time) => time === query.by) ?? times[0] ?? "", recent };
}

/** What changes in the URL; the list begins at its first page. */
export function rangeChange(range: DateRange, times: readonly string[]): Query {
  const { by, recent } = range;
  const none = times.flatMap((time) => [...AFTER, ...BEFORE].map((end) => [`${time}_${end}`, undefined]));
  const cleared = { ...Object.fromEntries(none), page: undefined, by: undefined, recent: undefined };
  if (recent === undefined) return { ...cleared, ...endsOf(range) };
  return { ...cleared, by: by === times[0] ? undefined : by, recent: recent === USUAL ? undefined : recent };
}

/** What the API is asked for. */
export function rangeParameters(range: DateRange, nowMs: number): Query {
  const { by, recent } = range;
  if (recent === undefined) return endsOf(range);
  const ms = RECENT.find(({ name }) => name === recent)?.ms ?? Number.POSITIVE_INFINITY;
  return Number.isFinite(ms) ? { [`${by}_gte`]: new Date(nowMs - ms).toISOString() } : {};
}

function endsOf({ by, from, to, excludes = [] }: DateRange): Query {
  return {
    [`${by}_${AFTER[excludes.includes("from") ? 1 : 0]}`]: from,
    [`${by}_${BEFORE[excludes.includes("to") ? 1 : 0]}`]: to,
  };
}

/** In words, as in `in the last 15 minutes`. */
export function rangeText({ recent }: DateRange): string {
  const title = RECENT.find(({ name }) => name === recent)?.title;
  if (recent === "all") return "";
  return title === undefined ? " between these times" : ` in the last ${title}`;
}

/** Those that were shown, the way back to them, and from there forward. */
export class RangeHistory {
  #all: DateRange[] = [];
  #place = -1;

  /** What is shown now. One that was reached by `step` is no new one. */
  note(range: DateRange): void {
    if (JSON.stringify(this.#all[this.#place]) === JSON.stringify(range)) return;
    this.#all = [...this.#all.slice(0, this.#place + 1), range];
    this.#place = this.#all.length - 1;
  }

  /** `undefined`: there is none. */
  peek(step: 1 | -1): DateRange | undefined {
    return this.#all[this.#place + step];
  }

  /** Goes there. */
  step(step: 1 | -1): DateRange | undefined {
    const range = this.peek(step);
    if (range !== undefined) this.#place += step;
    return range;
  }
}
