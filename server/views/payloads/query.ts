/** Reads the tracker's query parameters: orders, pages, filters and times. An empty value is as good as none. */
import { NetlogError } from "../../../lib/index.ts";
import { parseZonedDate, troubleOfText } from "../../../lib/views/index.ts";
import {
  type Comparison,
  type Condition,
  LIMITS,
  type ListRequest,
} from "../../../lib/views/payloads/index.ts";
import type { Exchange } from "../../http/exchange.ts";
import type { Parameters } from "../../wire/parameters.ts";

/** What a list takes. */
export interface ListForm {
  readonly sorts: readonly string[];
  /** Sorted by this unless asked for otherwise. */
  readonly sort: string;
  readonly filters: readonly string[];
  /** Columns whose ranges may be asked for. */
  readonly times: readonly string[];
}

const COMPARISONS: Readonly<Record<string, Comparison>> = { lt: "<", lte: "<=", gt: ">", gte: ">=" };
const DIRECTIONS = ["asc", "desc"] as const;
const DIGITS = /^\d+$/;
const PAGE_SIZE = 10;

/** The names of a list's parameters. */
export function listParameters({ filters, times }: ListForm): string[] {
  const ranges = times.flatMap((time) =>
    Object.keys(COMPARISONS).map((comparison) => `${time}_${comparison}`),
  );
  return ["page", "page_size", "sort_by", "sort_dir", ...filters, ...ranges];
}

/** @throws bad_request. */
export function readListRequest(exchange: Exchange, form: ListForm): ListRequest {
  const parameters = exchange.parameters();
  const { sortBy, isDescending } = readOrder(parameters, form);
  const limit = readNumber(parameters, "page_size", PAGE_SIZE, 1, LIMITS.pageSize);
  const page = readNumber(parameters, "page", 0, 0, Number.POSITIVE_INFINITY);
  const conditions = [...readFilters(parameters, form), ...readRanges(exchange, parameters, form)];
  parameters.finish();
  return { conditions, sortBy, isDescending, limit, offset: page * limit };
}

/** @throws bad_request, in upstream's words. */
export function readOrder(
  parameters: Parameters,
  { sorts, sort }: Pick<ListForm, "sorts" | "sort">,
): { readonly sortBy: string; readonly isDescending: boolean } {
  const sortBy = oneOf(parameters, "sort_by", sorts, sort);
  return { sortBy, isDescending: oneOf(parameters, "sort_dir", DIRECTIONS, "desc") === "desc" };
}

function oneOf(parameters: Parameters, name: string, words: readonly string[], fallback: string): string {
  const given = parameters.get(name) || fallback;
  if (words.includes(given)) return given;
  throw new NetlogError("bad_request", { reason: `${name} must be one of ${words.join(", ")}` });
}

function readNumber(
  parameters: Parameters,
  name: string,
  fallback: number,
  least: number,
  most: number,
): number {
  const text = parameters.get(name) || String(fallback);
  const value = DIGITS.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  const range = Number.isFinite(most) ? `from ${least} to ${most}` : `from ${least} on`;
  throw new NetlogError("bad_request", { reason: `${name} must be a whole number ${range}` });
}

function readFilters(parameters: Parameters, { filters }: ListForm): Condition[] {
  return filters.flatMap((column) => {
    const value = parameters.get(column) || undefined;
    if (value === undefined) return [];
    const trouble = troubleOfText(value);
    if (trouble !== undefined) throw new NetlogError("bad_request", { reason: `${column} ${trouble}` });
    return [{ column, comparison: "=" as const, value }];
  });
}

function readRanges(exchange: Exchange, parameters: Parameters, { times }: ListForm): Condition[] {
  return times.flatMap((column) =>
    Object.entries(COMPARISONS).flatMap(([suffix, comparison]) => {
      const name = `${column}_${suffix}`;
      const text = parameters.get(name) || undefined;
      if (text === undefined) return [];
      const value = parseZonedDate(text);
      if (value !== undefined) return [{ column, comparison, value }];
      const example = "such as 2021-08-04T17:53:29Z; send the + of a zone as %2B";
      exchange.failureFields = { reason: `${name} takes a time of RFC 3339 with a zone, ${example}` };
      throw new NetlogError("bad_request", { reason: "invalid timestamp format provided" });
    }),
  );
}
