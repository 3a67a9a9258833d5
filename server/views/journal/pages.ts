/**
 * What the journal's port has below `/-/`, where no route of upstream is: its pages, whose a token is, which the pages ask,
 * and the description of the API. app/ holds what runs in browsers.
 */
import { fileURLToPath } from "node:url";
import { jsonAnswer } from "../../http/answer.ts";
import type { Handler } from "../../http/door.ts";
import type { Route } from "../../http/route-table.ts";
import { pageRoutes } from "../../pages/page-routes.ts";
import { readRoute } from "../probes.ts";
import { sessionAnswer } from "./answers.ts";
import type { Journal } from "./journal.ts";
import { describeApi } from "./openapi.ts";

export const PAGES_PATH = "/-/console";
/** Where the build puts their files. */
const FOLDER = fileURLToPath(new URL("files", import.meta.url));

export function pagesRoutes(journal: Journal): readonly Route[] {
  const { consoleUrl, access } = journal;
  const texts = { console: consoleUrl ?? "", access: access.mode };
  return [
    ...pageRoutes({ path: PAGES_PATH, folder: FOLDER, name: "the journal's console", texts }),
    readRoute("/-/session", tellSession(journal), { needs: access.needs }),
    readRoute("/-/openapi.json", (exchange) => {
      exchange.parameters().finish();
      return jsonAnswer(200, describeApi(journal.version));
    }),
  ];
}

/** `GET /-/session`: anybody may ask whose their own token is. */
function tellSession({ access }: Journal): Handler {
  return async (exchange) => {
    const session = await access.authenticate(exchange);
    exchange.parameters().finish();
    return sessionAnswer(session);
  };
}
