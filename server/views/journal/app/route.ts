/**
 * What a page shows, as its URL says it: `#/journal?type=client&domain=d&id=c`. It stands behind `#`, so that no log of a
 * server holds it. Names are those of the API wherever it has them.
 */
import type { Query } from "../../../console/app/shell/route.ts";

export const PAGES = ["journal", "telemetry"] as const;
export type PageName = (typeof PAGES)[number];

export interface Route {
  readonly page: PageName;
  readonly query: Query;
}

/** What is no page is the journal. */
export function parseRoute(hash: string): Route {
  const [, path = "", search = ""] = /^#?\/?([^?]*)\??(.*)$/s.exec(hash) ?? [];
  const page = PAGES.find((each) => each === path.replace(/\/$/, "")) ?? "journal";
  return { page, query: Object.fromEntries(new URLSearchParams(search)) };
}

export function linkTo(page: PageName, query: Query = {}): string {
  const given = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) given.set(name, value);
  return given.size === 0 ? `#/${page}` : `#/${page}?${given}`;
}
