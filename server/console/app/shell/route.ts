/**
 * What the page shows, as its URL says it: `#/topics/orders/messages?from=15m`. It stands behind `#`, so that no request
 * and no log of a server holds it. A URL only shows: whatever it says, opening it changes nothing.
 */

export type PageName = "topics" | "topic" | "messages" | "scanners" | "server";

/** What a page shows of its subject; `undefined` and absent are one. */
export type Query = Readonly<Record<string, string | undefined>>;

export interface Route {
  readonly page: PageName;
  /** Empty on pages that are of no topic. */
  readonly topic: string;
  readonly query: Query;
}

/** Pages of one topic, as their last part of the path says. */
const OF_TOPIC: ReadonlyMap<string, PageName> = new Map([
  ["", "topic"],
  ["messages", "messages"],
  ["scanners", "scanners"],
]);

/** What is no page is the list of topics. */
export function parseRoute(hash: string): Route {
  const [path = "", search = ""] = split(hash.replace(/^#/, ""), "?");
  const query = Object.fromEntries(new URLSearchParams(search));
  const [first, topic = "", last = ""] = path.split("/").filter((part) => part !== "");
  if (first === "server") return { page: "server", topic: "", query };
  const name = decoded(topic);
  const page = OF_TOPIC.get(last);
  if (first !== "topics" || name === "" || page === undefined) return { page: "topics", topic: "", query };
  return { page, topic: name, query };
}

export function formatRoute({ page, topic, query }: Route): string {
  const search = searchOf(query);
  if (page === "topics" || page === "server") return `#/${page}${search}`;
  const last = page === "topic" ? "" : `/${page}`;
  return `#/topics/${encodeURIComponent(topic)}${last}${search}`;
}

/** `?a=1&b=2`, or nothing. */
export function searchOf(query: Query): string {
  const given = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) given.set(name, value);
  return given.size === 0 ? "" : `?${given}`;
}

/** The link to a page. */
export function linkTo(page: PageName, topic = "", query: Query = {}): string {
  return formatRoute({ page, topic, query });
}

/** The query after a change that names some of it. */
export function changedQuery(before: Query, change: Query): Query {
  return Object.fromEntries(
    Object.entries({ ...before, ...change }).filter(([, value]) => value !== undefined),
  );
}

function split(text: string, at: string): [string, string] {
  const place = text.indexOf(at);
  return place === -1 ? [text, ""] : [text.slice(0, place), text.slice(place + 1)];
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
