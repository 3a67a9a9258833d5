/** What every page of the journal gets. */
import type { Query } from "../../../console/app/shell/route.ts";
import type { JournalLink, Session } from "./journal-link.ts";

export interface JournalPageProps {
  readonly link: JournalLink;
  /** `undefined`: it is not known yet. */
  readonly session: Session | undefined;
  readonly query: Query;
  /** Changes what the URL says. `replace`: without a new entry in the browser's history. */
  readonly onQuery: (change: Query, how?: "replace") => void;
}
