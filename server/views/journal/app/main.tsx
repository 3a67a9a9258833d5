/** The entry of the journal's pages: puts the pages into their frame, and the frame into the page. */
import "../../../console/app/shell/shell.css";
import "../../../console/app/parts/parts.css";
import "../../../console/app/parts/rows.css";
import "../../../console/app/parts/tables.css";
import "./journal.css";
import { render } from "hono/jsx/dom";
import { neighbourUrl } from "../../../console/app/shell/neighbour.ts";
import { JournalLink } from "./journal-link.ts";
import { JournalPage } from "./journal-page.tsx";
import { JournalShell } from "./journal-shell.tsx";
import { TelemetryPage } from "./telemetry-page.tsx";

const written = (name: string): string =>
  document.querySelector<HTMLMetaElement>(`meta[name=${name}]`)?.content ?? "";

const link = new JournalLink(
  {
    // The pages are at /-/console/ of their port, whatever a gateway puts in front.
    url: new URL("../..", location.href).href.replace(/\/$/, ""),
    fetch: (...given) => fetch(...given),
    storage: sessionStorage,
    setTimeout: (call, delayMs) => setTimeout(call, delayMs),
  },
  written("access"),
);
const consoleUrl = written("console");

const root = document.getElementById("journal");
if (root === null) throw new TypeError("index.html has no place for the journal");
render(
  <JournalShell
    link={link}
    consoleUrl={consoleUrl === "" ? undefined : neighbourUrl(consoleUrl, location.hostname)}
    pages={{ journal: JournalPage, telemetry: TelemetryPage }}
  />,
  root,
);
