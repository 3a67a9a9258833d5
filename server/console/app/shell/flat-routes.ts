/**
 * What a page of an app shows, as its URL says it: `#/payloads?account=1&page=2`. It stands behind `#`, so that no log of a
 * server holds it. The console's own URLs name topics as well: see route.ts.
 */
import { type Query, searchOf } from "./route.ts";

export interface FlatRoute<Page extends string> {
  readonly page: Page;
  readonly query: Query;
}

export interface FlatRoutes<Page extends string> {
  readonly pages: readonly Page[];
  /** The link to the first one. */
  readonly home: string;
  /** What is no page is the first one. */
  readonly parseRoute: (hash: string) => FlatRoute<Page>;
  readonly linkTo: (page: Page, query?: Query) => string;
}

export function flatRoutes<const Page extends string>(
  first: Page,
  ...others: readonly Page[]
): FlatRoutes<Page> {
  const pages = [first, ...others];
  return {
    pages,
    home: `#/${first}`,
    parseRoute(hash) {
      const [, path = "", search = ""] = /^#?\/?([^?]*)\??(.*)$/s.exec(hash) ?? [];
      const page = pages.find((each) => each === path.replace(/\/$/, "")) ?? first;
      return { page, query: Object.fromEntries(new URLSearchParams(search)) };
    },
    linkTo: (page, query = {}) => `#/${page}${searchOf(query)}`,
  };
}
