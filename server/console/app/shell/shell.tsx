/**
 * The frame around every page: where one is, whether the server is there, the token, the keys. Pages are built of what
 * lies in ../parts: Table, Pager, Dialog, Field, TextField, ChoiceField, SettingFields, Empty, CurlLine, CopyButton,
 * Notice, Sparkline, Plot. They get PageProps (page.ts), ask with usePoll (use-poll.ts), link with linkTo (route.ts), say
 * errors with sentenceOf (failure.ts), and offer what useRights (rights.ts) allows.
 */
import { type Child, type FC, useEffect, useMemo } from "hono/jsx/dom";
import { Frame } from "./frame.tsx";
import type { PageKeys, PageProps } from "./page.ts";
import {
  changedQuery,
  formatRoute,
  linkTo,
  type PageName,
  parseRoute,
  type Query,
  type Route,
} from "./route.ts";
import type { ServerLink } from "./server-link.ts";
import { useHash } from "./use-hash.ts";

export type Pages = Readonly<Record<PageName, FC<PageProps>>>;

const TITLES: Readonly<Record<PageName, string>> = {
  topics: "Topics",
  server: "Server",
  topic: "Overview",
  messages: "Messages",
  scanners: "Scanners",
};
const OF_SERVER: readonly PageName[] = ["topics", "server"];
const OF_TOPIC: readonly PageName[] = ["topic", "messages", "scanners"];

export function Shell({ link, pages }: { readonly link: ServerLink; readonly pages: Pages }): Child {
  const [route, go] = useRoute();
  const Page = pages[route.page];
  const onQuery = (change: Query, how?: "replace"): void =>
    go({ ...route, query: changedQuery(route.query, change) }, how);
  return (
    <Frame
      link={link}
      here={formatRoute(route)}
      name={route.page}
      keys={keysOf(route)}
      links={(end) => (
        <>
          <Bar route={route} end={end} />
          {route.topic === "" ? null : <TopicBar route={route} />}
        </>
      )}
    >
      <Page
        key={`${route.page} ${route.topic}`}
        link={link}
        topic={route.topic}
        query={route.query}
        onQuery={onQuery}
      />
    </Frame>
  );
}

function Bar({ route, end }: { readonly route: Route; readonly end: Child }): Child {
  return (
    <div class="bar">
      <a class="brand" href={linkTo("topics")}>
        netlog
      </a>
      <nav aria-label="Pages of the server">
        {OF_SERVER.map((page) => (
          <a key={page} href={linkTo(page)} aria-current={isWithin(page, route) ? "page" : undefined}>
            {TITLES[page]}
          </a>
        ))}
      </nav>
      {end}
    </div>
  );
}

function TopicBar({ route: { topic, page } }: { readonly route: Route }): Child {
  return (
    <div class="topic-bar">
      <h1>{topic}</h1>
      <nav aria-label={`Pages of ${topic}`}>
        {OF_TOPIC.map((each) => (
          <a key={each} href={linkTo(each, topic)} aria-current={each === page ? "page" : undefined}>
            {TITLES[each]}
          </a>
        ))}
      </nav>
    </div>
  );
}

function isWithin(page: PageName, route: Route): boolean {
  return page === "topics" ? route.page !== "server" : page === route.page;
}

/** What the URL says, and how to change it. */
function useRoute(): [Route, (route: Route, how?: "replace") => void] {
  const [hash, go] = useHash();
  const route = useMemo(() => parseRoute(hash), [hash]);
  useEffect(() => {
    document.title = [route.topic, TITLES[route.page], "netlog"].filter((part) => part !== "").join(" · ");
  }, [route]);
  return [route, (to, how) => go(formatRoute(to), how)];
}

function keysOf({ topic }: Route): PageKeys {
  const to =
    (page: PageName, of = ""): (() => void) =>
    () => {
      location.hash = linkTo(page, of);
    };
  const ofTopic: PageKeys = {
    "g o": { text: "to the topic's overview", press: to("topic", topic) },
    "g m": { text: "to its messages", press: to("messages", topic) },
    "g s": { text: "to its scanners", press: to("scanners", topic) },
  };
  return {
    "g t": { text: "to the topics", press: to("topics") },
    "g v": { text: "to the server", press: to("server") },
    ...(topic === "" ? {} : ofTopic),
  };
}
