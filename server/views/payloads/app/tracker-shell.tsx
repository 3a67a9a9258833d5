/** The tracker's pages in their frame. */
import type { Child, FC } from "hono/jsx/dom";
import { type FlatApp, FlatShell } from "../../../console/app/shell/flat-shell.tsx";
import type { LogPlace, TrackerPageProps } from "./page-props.ts";
import { type PageName, ROUTES } from "./route.ts";
import type { TrackerLink } from "./tracker-link.ts";

const TRACKER: FlatApp<PageName> = {
  name: "payload tracker",
  routes: ROUTES,
  titles: { payloads: "Payloads", statuses: "Statuses", track: "Track" },
  keys: {
    payloads: ["p", "to the payloads"],
    statuses: ["s", "to the statuses"],
    track: ["t", "to track one"],
  },
  subjectOf: (page, { request_id }) => (page === "track" ? request_id : undefined),
};

export interface TrackerShellProps {
  readonly link: TrackerLink;
  readonly log: LogPlace | undefined;
  readonly pages: Readonly<Record<PageName, FC<TrackerPageProps>>>;
}

export function TrackerShell({ link, log, pages }: TrackerShellProps): Child {
  return (
    <FlatShell app={TRACKER} link={link} logUrl={log?.topicUrl}>
      {({ page, ...shown }) => {
        const Page = pages[page];
        return <Page key={page} link={link} log={log} {...shown} />;
      }}
    </FlatShell>
  );
}
