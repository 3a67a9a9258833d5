/** NetLog's own two doors: the topics, and beside them the pages of the server itself, which are under `/-/`. */
import type { Door } from "../http/door.ts";
import { errorAnswer, givenReason } from "../http/error-answer.ts";
import { HonoTable } from "../http/hono-table.ts";
import { allowOf } from "../http/route-table.ts";
import { errorCode } from "../wire/errors.ts";
import { adviceFor } from "./advice.ts";
import { askToComeBack } from "./event-source.ts";
import { OWN_PAGES, RESOURCES, TOPICS } from "./routes.ts";

const COMMON: Pick<Door, "allow" | "errorAnswer"> = {
  allow: allowOf(RESOURCES),
  errorAnswer(exchange, error, headers) {
    const reason = givenReason(error) ?? adviceFor(exchange, errorCode(error));
    const answer = errorAnswer(error, exchange.failureFields, reason);
    answer.headers.push(...headers);
    return askToComeBack(exchange, answer);
  },
};

export const topicsDoor: Door = {
  ...COMMON,
  owns: () => true,
  find: ({ target }) => TOPICS.find(target.parts),
  topicNameOf: ([name = ""]) => name,
};

const ownPages = new HonoTable(OWN_PAGES.resources);

export const ownPagesDoor: Door = {
  ...COMMON,
  owns: (parts) => parts[0] === "-" && parts.length > 1,
  find: (exchange) => ownPages.find(exchange),
  topicNameOf: () => "",
};
