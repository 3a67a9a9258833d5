/** What every page of the tracker gets. */

import { neighbourUrl } from "../../../console/app/shell/neighbour.ts";
import { linkTo, type Query } from "../../../console/app/shell/route.ts";
import type { TrackerLink } from "./tracker-link.ts";

/** The console of the log that the tracker reads. */
export interface LogPlace {
  /** The messages of the tracker's topic. */
  readonly topicUrl: string;
}

export interface TrackerPageProps {
  readonly link: TrackerLink;
  /** `undefined`: it has no console that the browser reaches. */
  readonly log: LogPlace | undefined;
  readonly query: Query;
  /** Changes what the URL says. `replace`: without a new entry in the browser's history. */
  readonly onQuery: (change: Query, how?: "replace") => void;
}

/** `consoleUrl` and `topic` are as the server wrote them into the page; an empty one is none. */
export function logPlace(consoleUrl: string, topic: string, pageHost: string): LogPlace | undefined {
  const reached = consoleUrl === "" ? undefined : neighbourUrl(consoleUrl, pageHost);
  return reached === undefined ? undefined : { topicUrl: reached + linkTo("messages", topic) };
}
