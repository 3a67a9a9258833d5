/** What the URL of the journal says, and what the API is asked for it. */
import type { Query } from "../../../console/app/shell/route.ts";
import { type Entity, entityIn } from "./entity.ts";
import { rangeIn, rangeParameters, type TimeRange } from "./time-range.ts";

export const PAGE_SIZES: readonly number[] = [10, 20, 50, 100];

export interface ListQuery {
  readonly entity: Entity;
  /** Empty: any. */
  readonly operation: string;
  readonly range: TimeRange;
  readonly withAttributes: boolean;
  readonly withMetadata: boolean;
  readonly isDescending: boolean;
  /** The first is 1. */
  readonly page: number;
  readonly pageSize: number;
}

/** Who opens the page wants to see what was done, and so attributes are shown where the URL does not say otherwise. */
export function readListQuery(query: Query): ListQuery {
  const size = Number(query.limit);
  return {
    entity: entityIn(query),
    operation: query.operation ?? "",
    range: rangeIn(query),
    withAttributes: query.with_attributes !== "false",
    withMetadata: query.with_metadata === "true",
    isDescending: query.dir !== "asc",
    page: /^[1-9]\d{0,14}$/.test(query.page ?? "") ? Number(query.page) : 1,
    pageSize: PAGE_SIZES.find((each) => each === size) ?? (PAGE_SIZES[0] as number),
  };
}

/** The API counts journals, not pages. */
export function apiParameters(list: ListQuery, nowMs: number): Query {
  const { operation, range, withAttributes, withMetadata, isDescending, page, pageSize } = list;
  return {
    offset: String((page - 1) * pageSize),
    limit: String(pageSize),
    operation: operation === "" ? undefined : operation,
    ...rangeParameters(range, nowMs),
    with_attributes: withAttributes ? "true" : undefined,
    with_metadata: withMetadata ? "true" : undefined,
    dir: isDescending ? "desc" : "asc",
  };
}
