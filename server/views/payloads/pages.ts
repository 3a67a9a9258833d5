/** The tracker's pages, below the path that upstream's have. app/ holds what runs in browsers. */
import { fileURLToPath } from "node:url";
import type { Exchange } from "../../http/exchange.ts";
import type { Route } from "../../http/route-table.ts";
import { pageRoute, pageRoutes, tellPlace } from "../../pages/page-routes.ts";
import type { Tracker } from "./tracker.ts";

export const PAGES_PATH = "/app/payload-tracker";
/** Where the build puts their files. */
const FOLDER = fileURLToPath(new URL("files", import.meta.url));
/** Upstream's own paths of its pages: links to them lead to the same page here. */
const UPSTREAM_PAGES = ["payloads", "statuses", "track"];

export function trackerPages({ settings, consoleUrl }: Tracker): Route[] {
  const texts = { console: consoleUrl ?? "", topic: settings.topic };
  return [
    ...pageRoutes({ path: PAGES_PATH, folder: FOLDER, name: "the tracker", texts }),
    ...UPSTREAM_PAGES.map((page) => pageRoute(`${PAGES_PATH}/${page}`, tellPlace(placeOf))),
  ];
}

/** Relative to the path of the request, from which one step leads up. */
function placeOf({ target: { parts, query } }: Exchange): string {
  const search = query === "" ? "" : `?${new URLSearchParams(query)}`;
  return `./#/${parts.at(-1)}${search}`;
}
