/**
 * What to answer to a path that is no route, or to a method that a path does not take: the route that was most likely
 * meant. It is looked for only when such a request is refused.
 */
import type { Resource } from "../http/resource.ts";
import { spelledAsOpenApi } from "../openapi/document.ts";
import { nearest } from "../wire/parameter-names.ts";
import { withoutTokens } from "../wire/quote.ts";
import { RESOURCES, ROUTES } from "./routes.ts";

/** A longer part of a path is not repeated. */
const SHOWN_LENGTH = 255;
const PATTERNS: readonly (readonly string[])[] = RESOURCES.map(({ path }) => partsOf(spelledAsOpenApi(path)));
/** The words under `/-/`. */
const OWN_WORDS: readonly string[] = wordsWhere(([first]) => first === "-");
/** The words under a topic. */
const TOPIC_WORDS: readonly string[] = wordsWhere(([first]) => first !== "-");
const EVERYTHING = "GET /-/openapi.json describes all routes";

/** By method and path: where that is done which the method promises. */
const ELSEWHERE: readonly (readonly [method: string, path: string, advice: string])[] = [
  ["GET", "/{topic}/payload", "a message is read with GET /{topic}/payload/<offset>"],
  ["POST", "/{topic}/payload/{offset}", "a message is published with POST /{topic}/payload"],
  ["PUT", "/{topic}/payload/{offset}", "a message is published with POST /{topic}/payload"],
  ["POST", "/", "a topic is made with POST /<name>"],
];

/** For a path, cut into its decoded parts, that is no route. */
export function noRouteReason(parts: readonly string[]): string {
  const meant = parts.filter((part) => part !== "");
  if (meant.length < parts.length && isRoute(meant)) {
    return `a path has no empty parts, and no slash at its end; did you mean ${shownPath(meant)}?`;
  }
  const [first = "", second = "", ...rest] = meant;
  const isOwn = first === "-";
  const words = isOwn ? OWN_WORDS : TOPIC_WORDS;
  const word = nearest(second, words);
  if (word === undefined) {
    const place = isOwn ? "/-" : "a topic";
    return `there is no such route; under ${place} there are: ${words.join(", ")}; ${EVERYTHING}`;
  }
  const whole = [first, word, ...rest];
  return `there is no such route; did you mean ${shownPath(isRoute(whole) ? whole : [first, word])}?`;
}

/** For a method that `resource` does not take; `parts` are those of the path. */
export function wrongMethodReason(method: string, resource: Resource, parts: readonly string[]): string {
  const path = spelledAsOpenApi(resource.path);
  const verbs = ROUTES.filter((each) => each.path === resource.path).map(
    ({ method: verb, does }) => `${verb} (${lowerFirst(does.summary)})`,
  );
  const elsewhere = ELSEWHERE.find(([verb, place]) => verb === method && place === path)?.[2];
  const advice =
    elsewhere === undefined ? "" : `; ${elsewhere.replace("{topic}", shownPart(parts[0] ?? ""))}`;
  return `${shownPath(parts)} does not take ${method}; it takes ${verbs.join(", ")}${advice}`;
}

/** A part of a path as a client would send it; what is too long to be a name, or holds a token, is left out. */
export function shownPart(part: string): string {
  return part.length > SHOWN_LENGTH ? "…" : withoutTokens(encodeURIComponent(part));
}

/** Whether one of the server's own pages, which are under `/-/`, has this name. */
export function isOwnPage(name: string): boolean {
  return OWN_WORDS.includes(name);
}

function shownPath(parts: readonly string[]): string {
  return `/${parts.map(shownPart).join("/")}`;
}

function isRoute(parts: readonly string[]): boolean {
  return PATTERNS.some(
    (pattern) =>
      pattern.length === parts.length &&
      pattern.every((wanted, i) => wanted === parts[i] || (wanted.startsWith("{") && parts[0] !== "-")),
  );
}

function wordsWhere(isMeant: (pattern: readonly string[]) => boolean): string[] {
  return [...new Set(PATTERNS.filter(isMeant).flatMap(([, word]) => word ?? []))].sort();
}

/** `/` has none. */
function partsOf(path: string): string[] {
  return path.split("/").filter((part) => part !== "");
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
