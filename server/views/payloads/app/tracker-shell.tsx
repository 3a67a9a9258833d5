/** The tracker's pages in their frame, with links to each other. */
import { type Child, type FC, useEffect, useMemo } from "hono/jsx/dom";
import { Frame } from "../../../console/app/shell/frame.tsx";
import type { PageKeys } from "../../../console/app/shell/page.ts";
import { changedQuery, type Query } from "../../../console/app/shell/route.ts";
import { useHash } from "../../../console/app/shell/use-hash.ts";
import type { LogPlace, TrackerPageProps } from "./page-props.ts";
import { linkTo, PAGES, type PageName, parseRoute } from "./route.ts";
import type { TrackerLink } from "./tracker-link.ts";

const TITLES: Readonly<Record<PageName, string>> = {
  payloads: "Payloads",
  statuses: "Statuses",
  track: "Track",
};

const KEYS: PageKeys = {
  "g p": { text: "to the payloads", press: () => go("payloads") },
  "g s": { text: "to the statuses", press: () => go("statuses") },
  "g t": { text: "to track one", press: () => go("track") },
};

function go(page: PageName): void {
  location.hash = linkTo(page);
}

export interface TrackerShellProps {
  readonly link: TrackerLink;
  readonly log: LogPlace | undefined;
  readonly pages: Readonly<Record<PageName, FC<TrackerPageProps>>>;
}

export function TrackerShell({ link, log, pages }: TrackerShellProps): Child {
  const [hash, goTo] = useHash();
  const { page, query } = useMemo(() => parseRoute(hash), [hash]);
  useEffect(() => {
    const { request_id } = query;
    const titles = [page === "track" ? request_id : undefined, TITLES[page], "payload tracker"];
    document.title = titles.filter((title) => title !== undefined).join(" · ");
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
      links={(end) => <Links current={page} log={log} end={end} />}
    >
      <Page key={page} link={link} log={log} query={query} onQuery={onQuery} />
    </Frame>
  );
}

interface LinksProps {
  readonly current: PageName;
  readonly log: LogPlace | undefined;
  readonly end: Child;
}

function Links({ current, log, end }: LinksProps): Child {
  return (
    <div class="bar">
      <a class="brand" href={linkTo("payloads")}>
        payload tracker
      </a>
      <nav aria-label="Pages">
        {PAGES.map((page) => (
          <a key={page} href={linkTo(page)} aria-current={page === current ? "page" : undefined}>
            {TITLES[page]}
          </a>
        ))}
        {log === undefined ? null : <a href={log.topicUrl}>Log</a>}
      </nav>
      {end}
    </div>
  );
}
