/** The door to the console: pages that show the server in a browser, under `/-/console/`. */
import type { Door, Found } from "../http/door.ts";
import { errorAnswer } from "../http/error-answer.ts";
import type { Exchange } from "../http/exchange.ts";
import { allowOf, RouteTable } from "../http/route-table.ts";
import { pageRoute, pageRoutes, tellPlace } from "../pages/page-routes.ts";

/** `folder` holds the files that the build makes. */
export function consoleDoor(folder: string): Door {
  const table = new RouteTable(pageRoutes({ path: "/-/console", folder, name: "the console" }));
  return {
    allow: allowOf(table.resources),
    owns: (parts) => parts[0] === "-" && parts[1] === "console",
    find: ({ target }) => table.find(target.parts),
    topicNameOf: () => "",
    errorAnswer(exchange, error, headers) {
      const answer = errorAnswer(error, exchange.failureFields);
      answer.headers.push(...headers);
      return answer;
    },
  };
}

/** Sends a browser that asks for the list of topics to the console. */
export const TO_CONSOLE: Found = new RouteTable([
  pageRoute(
    "/",
    tellPlace(() => "-/console/", ["Vary", "Accept"]),
  ),
]).find([""]);

const HTML_FIRST = /^\s*text\/html\s*(?:[;,]|$)/i;

/** A browser asks for a page: HTML comes first in what it accepts. */
export function wantsConsole({ context, request }: Exchange): boolean {
  if (!context.hasConsole || (request.method !== "GET" && request.method !== "HEAD")) return false;
  return HTML_FIRST.test(request.header("accept") ?? "");
}
