/** The journal's door: it finds the route of a path, and writes errors in upstream's form, a single `message`. */
import { SECOND_MS } from "../../../lib/index.ts";
import { isDatabaseError } from "../../../lib/views/index.ts";
import { type Answer, emptyAnswer, textAnswer } from "../../http/answer.ts";
import type { Door } from "../../http/door.ts";
import { givenReason } from "../../http/error-answer.ts";
import type { Exchange } from "../../http/exchange.ts";
import { allowOf, RouteTable } from "../../http/route-table.ts";
import { ERROR_TABLE, errorCode, HttpError } from "../../wire/errors.ts";
import { busyWith } from "../busy.ts";
import { FAILED_AUTHENTICATION, MISSING_TOKEN } from "./access.ts";
import { messageAnswer } from "./answers.ts";
import type { Journal } from "./journal.ts";
import { KEYS_PAUSE_MS, KeysUnavailable } from "./key-set.ts";
import { pagesRoutes } from "./pages.ts";
import { domainRoutes, ownRoutes } from "./routes.ts";

const TEXT = "text/plain; charset=utf-8";
/** Before that the issuer is not asked again. */
const RETRY_KEYS = ["Retry-After", String(KEYS_PAUSE_MS / SECOND_MS)];
/** `/<domain>/journal/<type>/<id>`: a domain may have any name, such as `journal` or `health`. */
const DOMAIN_PARTS = 4;

export function createJournalDoor(journal: Journal): Door {
  const own = new RouteTable(ownRoutes(journal));
  const ofDomains = new RouteTable(domainRoutes(journal));
  const pages = new RouteTable(pagesRoutes(journal));
  return {
    owns: () => true,
    find({ target: { parts } }) {
      const isOfDomain = parts.length >= DOMAIN_PARTS && parts[1] === "journal";
      if (parts[0] === "-" && !isOfDomain) return pages.find(parts);
      if (parts.at(-1) === "") return undefined;
      return (isOfDomain ? ofDomains : own).find(parts);
    },
    // Rights on topics play no part: access.ts says who may ask.
    topicNameOf: () => "",
    allow: allowOf([...own.resources, ...ofDomains.resources, ...pages.resources]),
    errorAnswer,
  };
}

function errorAnswer(exchange: Exchange, error: unknown, headers: readonly string[]): Answer {
  const code = errorCode(error);
  const row = ERROR_TABLE[code];
  const own = error instanceof HttpError ? (error.headers ?? row.headers ?? []) : (row.headers ?? []);
  const all = [...own, ...headers];
  const busy = busyWith(error);
  if (busy !== undefined) return messageAnswer(busy.status, busy.message, [...busy.headers, ...headers]);
  if (isDatabaseError(error)) return messageAnswer(422, "view entity failed", all);
  if (error instanceof KeysUnavailable) {
    return messageAnswer(503, `${error.message}; try again later`, [...RETRY_KEYS, ...headers]);
  }
  const message = givenReason(error) ?? (code === "unauthorized" ? unauthorizedReason(exchange) : undefined);
  const closes = row.closes === true;
  if (code === "unknown_error") return emptyAnswer(500, all);
  if (code === "method_not_allowed") return emptyAnswer(row.status, all);
  if (code === "not_found" && message === undefined) {
    return { ...textAnswer(TEXT, "404 page not found\n", all), status: 404 };
  }
  return { ...messageAnswer(row.status, message ?? row.reason ?? code, all), closes };
}

function unauthorizedReason({ request }: Exchange): string {
  return request.header("authorization") === undefined ? MISSING_TOKEN : FAILED_AUTHENTICATION;
}
