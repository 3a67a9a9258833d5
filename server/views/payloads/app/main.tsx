/** The entry of the tracker's pages: puts the pages into their frame, and the frame into the page. */
import "../../../console/app/shell/shell.css";
import "../../../console/app/parts/parts.css";
import "../../../console/app/parts/tables.css";
import "./tracker.css";
import { render } from "hono/jsx/dom";
import { PayloadsPage, StatusesPage } from "./lists.tsx";
import { logPlace } from "./page-props.ts";
import { TrackPage } from "./track-page.tsx";
import { TrackerLink } from "./tracker-link.ts";
import { TrackerShell } from "./tracker-shell.tsx";

const link = new TrackerLink({
  // The API is below the pages' own place, whatever a gateway puts in front.
  url: new URL("api/v1", location.href).href,
  fetch: (...given) => fetch(...given),
  storage: sessionStorage,
  setTimeout: (call, delayMs) => setTimeout(call, delayMs),
});

const written = (name: string): string =>
  document.querySelector<HTMLMetaElement>(`meta[name=${name}]`)?.content ?? "";
const log = logPlace(written("console"), written("topic"), location.hostname);

const root = document.getElementById("tracker");
if (root === null) throw new TypeError("index.html has no place for the tracker");
render(
  <TrackerShell
    link={link}
    log={log}
    pages={{ payloads: PayloadsPage, statuses: StatusesPage, track: TrackPage }}
  />,
  root,
);
