/**
 * The frame around every page: where one is, whether the server is there, the token, the keys. Pages are built of what
 * lies in ../parts: Table, Pager, Dialog, Field, TextField, ChoiceField, SettingFields, Empty, CurlLine, CopyButton,
 * Notice, Sparkline, Plot. They get PageProps (page.ts), ask with usePoll (use-poll.ts), link with linkTo (route.ts), say
 * errors with sentenceOf (failure.ts), and offer what useRights (rights.ts) allows.
 */
import { type Child, ErrorBoundary, type FC, useEffect, useMemo, useState } from "hono/jsx/dom";
import { Dialog, PutAside } from "../parts/dialog.tsx";
import { Notice } from "../parts/notice.tsx";
import { isForPage, moveRow } from "./key-events.ts";
import { KeyHelp } from "./key-help.tsx";
import { KeySequences } from "./keys.ts";
import { useChanges } from "./listeners.ts";
import { currentPageKeys, type PageKeys, type PageProps, pressesOf, useFrameKeys } from "./page.ts";
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
import { TokenForm } from "./token-form.tsx";

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
  const [asked, setAsked] = useState<"keys" | "token" | undefined>(undefined);
  useChanges(link);
  useFrameKeys(
    keysOf(route, () => setAsked("keys")),
    [route],
  );
  useKeys();
  const Page = pages[route.page];
  const onQuery = (change: Query, how?: "replace"): void =>
    go({ ...route, query: changedQuery(route.query, change) }, how);
  const close = (): void => setAsked(undefined);
  return (
    <div class="shell">
      <header>
        <a class="skip" href={formatRoute(route)} onClick={focusMain}>
          Skip to the page
        </a>
        <Bar route={route} link={link} onAsk={setAsked} />
        {route.topic === "" ? null : <TopicBar route={route} />}
      </header>
      <main id="main" tabIndex={-1} class={`page-${route.page}`}>
        {link.needsToken ? (
          <>
            <h1 class="hearing">Token</h1>
            <TokenForm link={link} onDone={close} />
          </>
        ) : null}
        {/* The page stays behind the question for a token, so that nothing on it is lost. */}
        <div class="page" hidden={link.needsToken}>
          <PutAside.Provider value={link.needsToken}>
            <ErrorBoundary fallbackRender={(error: Error) => <Broken error={error} />}>
              <Page
                key={`${route.page} ${route.topic}`}
                link={link}
                topic={route.topic}
                query={route.query}
                onQuery={onQuery}
              />
            </ErrorBoundary>
          </PutAside.Provider>
        </div>
      </main>
      {asked === "keys" ? <KeyHelp keys={currentPageKeys()} onClose={close} /> : null}
      {asked === "token" && !link.needsToken ? (
        <Dialog title="Token" onClose={close}>
          <TokenForm link={link} onDone={close} />
        </Dialog>
      ) : null}
    </div>
  );
}

function Bar({
  route,
  link,
  onAsk,
}: {
  route: Route;
  link: ServerLink;
  onAsk: (what: "keys" | "token") => void;
}): Child {
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
      <span class="bar-end">
        <span role="status" class={link.isGone ? "gone" : undefined}>
          {link.isGone ? "server gone, trying again" : ""}
        </span>
        {link.hasToken && !link.needsToken ? (
          <button type="button" class="quiet" onClick={() => onAsk("token")}>
            Token
          </button>
        ) : null}
        <button type="button" class="quiet" aria-label="Keys" title="Keys (?)" onClick={() => onAsk("keys")}>
          ?
        </button>
      </span>
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

/** A page that cannot be drawn takes no other one with it. */
function Broken({ error }: { readonly error: Error }): Child {
  return (
    <Notice text={`This page failed: ${error.message}.`}>
      <button type="button" onClick={() => location.reload()}>
        Load it again
      </button>
    </Notice>
  );
}

function isWithin(page: PageName, route: Route): boolean {
  return page === "topics" ? route.page !== "server" : page === route.page;
}

function focusMain(event: Event): void {
  event.preventDefault();
  document.getElementById("main")?.focus();
}

/** What the URL says, and how to change it. */
function useRoute(): [Route, (route: Route, how?: "replace") => void] {
  const [hash, setHash] = useState(location.hash);
  useEffect(() => {
    const look = (): void => setHash(location.hash);
    window.addEventListener("hashchange", look);
    window.addEventListener("popstate", look);
    return () => {
      window.removeEventListener("hashchange", look);
      window.removeEventListener("popstate", look);
    };
  }, []);
  const route = useMemo(() => parseRoute(hash), [hash]);
  useEffect(() => {
    document.title = [route.topic, TITLES[route.page], "netlog"].filter((part) => part !== "").join(" · ");
  }, [route]);
  const go = (to: Route, how?: "replace"): void => {
    const text = formatRoute(to);
    if (how === "replace") history.replaceState(null, "", text);
    else history.pushState(null, "", text);
    setHash(text);
  };
  return [route, go];
}

function keysOf({ topic }: Route, onHelp: () => void): PageKeys {
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
    "/": {
      text: "filter",
      press: () => document.querySelector<HTMLElement>("main input[type=search]")?.focus(),
    },
    j: { text: "next row", press: () => moveRow(1) },
    k: { text: "previous row", press: () => moveRow(-1) },
    "?": { text: "these keys", press: onHelp },
  };
}

function useKeys(): void {
  const sequences = useMemo(() => new KeySequences(), []);
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.key === "Escape" && event.target instanceof HTMLInputElement) event.target.blur();
      if (!isForPage(event)) return;
      const press = sequences.press(event.key, event.timeStamp, pressesOf(currentPageKeys()));
      if (press === undefined) return;
      event.preventDefault();
      press();
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, [sequences]);
}
