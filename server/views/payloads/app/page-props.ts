/** What every page of the tracker gets. */
import type { Query } from "../../../console/app/shell/route.ts";
import type { TrackerLink } from "./tracker-link.ts";

export interface TrackerPageProps {
  readonly link: TrackerLink;
  readonly query: Query;
  /** Changes what the URL says. `replace`: without a new entry in the browser's history. */
  readonly onQuery: (change: Query, how?: "replace") => void;
}
