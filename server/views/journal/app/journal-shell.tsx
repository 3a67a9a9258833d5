/** The journal's pages in their frame, and whose token they are shown to. */
import type { Child, FC } from "hono/jsx/dom";
import { type FlatApp, FlatShell } from "../../../console/app/shell/flat-shell.tsx";
import { usePoll } from "../../../console/app/shell/use-poll.ts";
import type { JournalLink } from "./journal-link.ts";
import type { JournalPageProps } from "./page-props.ts";
import { type PageName, ROUTES } from "./route.ts";

const JOURNAL: FlatApp<PageName> = {
  name: "journal",
  routes: ROUTES,
  titles: { journal: "Journal", telemetry: "Telemetry" },
  keys: { journal: ["j", "to the journal"], telemetry: ["t", "to telemetry"] },
  subjectOf: (_page, { id }) => id,
};
/** The question whose the token is, where it had no answer. */
const AGAIN_MS = 5000;

export interface JournalShellProps {
  readonly link: JournalLink;
  /** The console of the log; `undefined`: the browser reaches none. */
  readonly consoleUrl: string | undefined;
  readonly pages: Readonly<Record<PageName, FC<JournalPageProps>>>;
}

export function JournalShell({ link, consoleUrl, pages }: JournalShellProps): Child {
  const { answer: session } = usePoll(
    link,
    { ask: (signal) => link.session(signal), everyMs: AGAIN_MS, isLast: () => true },
    [link, link.hasToken],
  );
  return (
    <FlatShell app={JOURNAL} link={link} logUrl={consoleUrl}>
      {({ page, ...shown }) => {
        const Page = pages[page];
        return <Page key={page} link={link} session={session} {...shown} />;
      }}
    </FlatShell>
  );
}
