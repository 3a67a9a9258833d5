/** The journal's pages in their frame, with links to each other and to the console of the log. */
import { type Child, type FC, useEffect, useMemo } from "hono/jsx/dom";
import { Frame } from "../../../console/app/shell/frame.tsx";
import type { PageKeys } from "../../../console/app/shell/page.ts";
import { changedQuery, type Query } from "../../../console/app/shell/route.ts";
import { useHash } from "../../../console/app/shell/use-hash.ts";
import { usePoll } from "../../../console/app/shell/use-poll.ts";
import type { JournalLink } from "./journal-link.ts";
import type { JournalPageProps } from "./page-props.ts";
import { linkTo, PAGES, type PageName, parseRoute } from "./route.ts";

const TITLES: Readonly<Record<PageName, string>> = { journal: "Journal", telemetry: "Telemetry" };

const KEYS: PageKeys = {
  "g j": { text: "to the journal", press: () => go("journal") },
  "g t": { text: "to telemetry", press: () => go("telemetry") },
};
/** The question whose the token is, where it had no answer. */
const AGAIN_MS = 5000;

function go(page: PageName): void {
  location.hash = linkTo(page);
}

export interface JournalShellProps {
  readonly link: JournalLink;
  /** The console of the log; `undefined`: the browser reaches none. */
  readonly consoleUrl: string | undefined;
  readonly pages: Readonly<Record<PageName, FC<JournalPageProps>>>;
}

export function JournalShell({ link, consoleUrl, pages }: JournalShellProps): Child {
  const [hash, goTo] = useHash();
  const { page, query } = useMemo(() => parseRoute(hash), [hash]);
  const { answer: session } = usePoll(
    link,
    { ask: (signal) => link.session(signal), everyMs: AGAIN_MS, isLast: () => true },
    [link, link.hasToken],
  );
  useEffect(() => {
    const titles = [query.id, TITLES[page], "journal"];
    document.title = [...new Set(titles.filter((title) => title !== undefined && title !== ""))].join(" · ");
  }, [page, query]);
  const Page = pages[page];
  const onQuery = (change: Query, how?: "replace"): void =>
    goTo(linkTo(page, changedQuery(query, change)), how);
  return (
    <Frame
      link={link}
      here={linkTo(page, query)}
      name={page}
      keys={KEYS}
      links={(end) => <Links current={page} consoleUrl={consoleUrl} end={end} />}
    >
      <Page key={page} link={link} session={session} query={query} onQuery={onQuery} />
    </Frame>
  );
}

interface LinksProps {
  readonly current: PageName;
  readonly consoleUrl: string | undefined;
  readonly end: Child;
}

function Links({ current, consoleUrl, end }: LinksProps): Child {
  return (
    <div class="bar">
      <a class="brand" href={linkTo("journal")}>
        journal
      </a>
      <nav aria-label="Pages">
        {PAGES.map((page) => (
          <a key={page} href={linkTo(page)} aria-current={page === current ? "page" : undefined}>
            {TITLES[page]}
          </a>
        ))}
        {consoleUrl === undefined ? null : <a href={consoleUrl}>Log</a>}
      </nav>
      {end}
    </div>
  );
}
