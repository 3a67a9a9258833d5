/** The pages of an app in their frame, with links to each other and to the console of the log. */
import { type Child, useEffect, useMemo } from "hono/jsx/dom";
import type { FlatRoutes } from "./flat-routes.ts";
import { Frame } from "./frame.tsx";
import type { PageKeys } from "./page.ts";
import type { PageLink } from "./page-link.ts";
import { changedQuery, type Query } from "./route.ts";
import { useHash } from "./use-hash.ts";

/** What an app is called, and what its pages are. */
export interface FlatApp<Page extends string> {
  readonly name: string;
  readonly routes: FlatRoutes<Page>;
  readonly titles: Readonly<Record<Page, string>>;
  /** The second key behind `g`, and where it leads in the words of the list of keys. */
  readonly keys: Readonly<Record<Page, readonly [key: string, text: string]>>;
  /** What a page is about, for the title of the document; empty and `undefined`: nothing of its own. */
  readonly subjectOf: (page: Page, query: Query) => string | undefined;
}

/** What the page that is shown gets. */
export interface Shown<Page extends string> {
  readonly page: Page;
  readonly query: Query;
  readonly onQuery: (change: Query, how?: "replace") => void;
}

export interface FlatShellProps<Page extends string> {
  readonly app: FlatApp<Page>;
  readonly link: PageLink;
  /** In the console of the log; `undefined`: the browser reaches none. */
  readonly logUrl: string | undefined;
  readonly children: (shown: Shown<Page>) => Child;
}

export function FlatShell<Page extends string>({ app, link, logUrl, children }: FlatShellProps<Page>): Child {
  const { routes, titles, name, subjectOf } = app;
  const [hash, goTo] = useHash();
  const { page, query } = useMemo(() => routes.parseRoute(hash), [hash]);
  useEffect(() => {
    const parts = [subjectOf(page, query), titles[page], name];
    document.title = [...new Set(parts.filter((part) => part !== undefined && part !== ""))].join(" · ");
  }, [page, query]);
  const onQuery = (change: Query, how?: "replace"): void =>
    goTo(routes.linkTo(page, changedQuery(query, change)), how);
  return (
    <Frame
      link={link}
      here={routes.linkTo(page, query)}
      name={page}
      keys={keysOf(app)}
      links={(end) => <Links app={app} current={page} logUrl={logUrl} end={end} />}
    >
      {children({ page, query, onQuery })}
    </Frame>
  );
}

function keysOf<Page extends string>({ keys, routes }: FlatApp<Page>): PageKeys {
  return Object.fromEntries(
    routes.pages.map((page) => {
      const [key, text] = keys[page];
      const press = (): void => {
        location.hash = routes.linkTo(page);
      };
      return [`g ${key}`, { text, press }];
    }),
  );
}

interface LinksProps<Page extends string> {
  readonly app: FlatApp<Page>;
  readonly current: Page;
  readonly logUrl: string | undefined;
  readonly end: Child;
}

function Links<Page extends string>({ app, current, logUrl, end }: LinksProps<Page>): Child {
  const { name, routes, titles } = app;
  return (
    <div class="bar">
      <a class="brand" href={routes.home}>
        {name}
      </a>
      <nav aria-label="Pages">
        {routes.pages.map((page) => (
          <a key={page} href={routes.linkTo(page)} aria-current={page === current ? "page" : undefined}>
            {titles[page]}
          </a>
        ))}
        {logUrl === undefined ? null : <a href={logUrl}>Log</a>}
      </nav>
      {end}
    </div>
  );
}
