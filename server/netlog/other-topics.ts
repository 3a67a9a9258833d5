/**
 * Topics of other servers in the list of all of them. Each server is asked for the same page of its own topics; together
 * they hold the page that is asked for.
 */
import { askPeer } from "../http/ask-peer.ts";
import type { Exchange } from "../http/exchange.ts";
import { FORWARDED } from "../http/forward-headers.ts";

/** A topic as another server tells of it. */
export type ToldTopic = Readonly<Record<string, unknown>> & { readonly name: string };

interface ToldPage {
  readonly count: number;
  readonly topics: readonly ToldTopic[];
  readonly next?: string;
}

export interface OtherTopics {
  /** By the URL of the server. One that gave no page is left out. */
  readonly pages: ReadonlyMap<string, ToldPage>;
  /** The topics of these pages: their owner knows them before all others do. */
  readonly names: ReadonlySet<string>;
  /** The request came from another server: this one tells of its own topics alone. */
  readonly isAsked: boolean;
}

/** Asks all servers that own topics, at once. */
export async function otherTopics(exchange: Exchange): Promise<OtherTopics> {
  const { request, target, context } = exchange;
  const servers = context.netlog.neighbours?.servers ?? [];
  const isAsked = request.header(FORWARDED) !== undefined;
  if (servers.length === 0 || isAsked) return { pages: new Map(), names: new Set(), isAsked };
  const path = target.query === "" ? "/-/topics" : `/-/topics?${target.query}`;
  const pages = new Map<string, ToldPage>();
  await Promise.all(
    servers.map(async (server) => {
      const page = await askPeer(exchange, server, path);
      if (isPage(page)) pages.set(server, page);
    }),
  );
  const names = new Set([...pages.values()].flatMap(({ topics }) => topics.map(({ name }) => name)));
  return { pages, names, isAsked };
}

/** What topics are sorted by, as another server tells it: see FIGURES. */
export function toldFigure(topic: ToldTopic, sort: string): number {
  const value = topic[sort] ?? -1;
  return typeof value === "string" ? Date.parse(value) : Number(value);
}

function isPage(value: unknown): value is ToldPage {
  if (typeof value !== "object" || value === null || !("topics" in value)) return false;
  return Array.isArray(value.topics) && value.topics.every(isTopic);
}

function isTopic(value: unknown): value is ToldTopic {
  return typeof value === "object" && value !== null && "name" in value && typeof value.name === "string";
}
