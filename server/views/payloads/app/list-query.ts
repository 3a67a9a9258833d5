/** What a list's URL says, and what the API is asked for it. */
import type { Query } from "../../../console/app/shell/route.ts";
import { type DateRange, rangeIn, rangeParameters } from "./date-range.ts";
import type { ListForm } from "./list-form.ts";

export const PAGE_SIZES: readonly number[] = [10, 20, 50, 100];

export interface ListQuery {
  /** The first is 1. */
  readonly page: number;
  readonly pageSize: number;
  readonly sortBy: string;
  readonly isDescending: boolean;
  readonly filters: Readonly<Record<string, string>>;
  readonly range: DateRange;
  /** The columns that are shown, in their order. */
  readonly columns: readonly string[];
}

export function readListQuery(query: Query, form: ListForm): ListQuery {
  const size = Number(query.page_size);
  const given = form.filters.flatMap((name) => {
    const value = query[name];
    return value === undefined || value === "" ? [] : [[name, value] as const];
  });
  return {
    page: /^[1-9]\d*$/.test(query.page ?? "") ? Number(query.page) : 1,
    pageSize: PAGE_SIZES.find((each) => each === size) ?? (PAGE_SIZES[0] as number),
    sortBy: query.sort_by ?? form.sort,
    isDescending: query.sort_dir !== "asc",
    filters: Object.fromEntries(given),
    range: rangeIn(query, form.times),
    columns: columnsIn(query, form),
  };
}

/** The API counts its pages from 0. */
export function apiParameters(list: ListQuery, nowMs: number): Query {
  return {
    page: String(list.page - 1),
    page_size: String(list.pageSize),
    sort_by: list.sortBy,
    sort_dir: list.isDescending ? "desc" : "asc",
    ...list.filters,
    ...rangeParameters(list.range, nowMs),
  };
}

/** What changes in the URL when a column is shown or hidden. */
export function columnsChange(shown: readonly string[], form: ListForm): Query {
  const usual = form.columns.filter((name) => !form.hidden.includes(name));
  const named = form.columns.filter((name) => shown.includes(name)).join(",");
  return { columns: named === usual.join(",") ? undefined : named };
}

/** The first column says what a row is, and so it stays. */
function columnsIn({ columns }: Query, form: ListForm): string[] {
  const named = columns?.split(",");
  return form.columns.filter(
    (name, place) => place === 0 || (named?.includes(name) ?? !form.hidden.includes(name)),
  );
}
