/** The page of a topic's messages: a live tail or a stretch from any place, and the message that is open. */
import { type Child, useEffect, useMemo, useReducer, useState } from "hono/jsx/dom";
import type { Message, Topic } from "../../../../lib/client/index.ts";
import { curlToPublish, HELLO } from "../feed/curl.ts";
import { MessageFeed } from "../feed/message-feed.ts";
import { counted, countText } from "../figures/format.ts";
import { Empty } from "../parts/curl-line.tsx";
import { Field } from "../parts/field.tsx";
import { Form } from "../parts/form.tsx";
import { Notice } from "../parts/notice.tsx";
import type { PayloadKind } from "../payload/kind.ts";
import { sentenceOf } from "../shell/failure.ts";
import { useChanges } from "../shell/listeners.ts";
import { type PageProps, usePageKeys } from "../shell/page.ts";
import { useRights } from "../shell/rights.ts";
import type { Query } from "../shell/route.ts";
import type { ServerLink } from "../shell/server-link.ts";
import { pageFrames } from "./frames.ts";
import { MessageDetail } from "./message-detail.tsx";
import { MessageList, messageFrom } from "./message-list.tsx";
import { PublishForm } from "./publish-form.tsx";

export function MessagesPage(props: PageProps): Child {
  const { link, query, onQuery } = props;
  const topic = useMemo(() => link.client.topic(props.topic), [link, props.topic]);
  const feed = useFeed(link, topic, query);
  const [publishing, setPublishing] = useState<{ readonly again: Message | undefined } | undefined>(
    undefined,
  );
  const at = offsetOf(query.at);
  const place = at === undefined ? -1 : feed.placeOf(at);
  const row = place < 0 ? undefined : feed.at(place);
  const rights = useRights(link, props.topic);
  const open = (offset: number | undefined): void => {
    const change = { at: offset === undefined ? undefined : String(offset) };
    // From message to message is no step back for the browser.
    onQuery(change, at !== undefined && offset !== undefined ? "replace" : undefined);
  };
  const step = (rows: 1 | -1): void => {
    const next = messageFrom(feed, at === undefined ? -1 : feed.placeOf(at), rows);
    if (next !== undefined) open(next);
  };
  const beside = (rows: 1 | -1): (() => void) | undefined => {
    if (at === undefined) return undefined;
    const next = place < 0 ? at + rows : messageFrom(feed, place, rows);
    return next === undefined || next === at || next < 0 ? undefined : () => open(next);
  };
  usePageKeys(
    {
      j: { text: "next message", press: () => step(1) },
      k: { text: "previous message", press: () => step(-1) },
      p: { text: "pause the tail, or go on", press: () => togglePause(feed) },
    },
    [feed, at, props.topic],
  );
  return (
    <div class={`messages ${at !== undefined ? "has-detail" : ""}`}>
      <Toolbar
        feed={feed}
        query={query}
        onQuery={onQuery}
        onPublish={rights.mayWrite ? () => setPublishing({ again: undefined }) : undefined}
      />
      <Status feed={feed} onQuery={onQuery} />
      <div class="messages-split">
        {feed.isEmpty ? (
          <Empty
            text="There is no message in this topic. A message appears here as soon as it is published."
            line={rights.mayWrite ? curlToPublish(link.curl, props.topic, HELLO) : undefined}
          />
        ) : (
          <MessageList feed={feed} selected={at} onSelect={open} nowMs={Date.now()} />
        )}
        {at === undefined ? null : (
          <MessageDetail
            topic={topic}
            server={link.curl}
            offset={at}
            known={row?.kind === "message" ? row.message : undefined}
            returns={link.returns}
            view={viewOf(query.view)}
            onView={(view) => onQuery({ view }, "replace")}
            onPrevious={beside(-1)}
            onNext={beside(1)}
            onClose={() => open(undefined)}
            onPublishAgain={rights.mayWrite ? (again) => setPublishing({ again }) : undefined}
          />
        )}
      </div>
      {publishing === undefined ? null : (
        <PublishForm topic={topic} again={publishing.again} onClose={() => setPublishing(undefined)} />
      )}
    </div>
  );
}

function togglePause(feed: MessageFeed): void {
  if (feed.tailState.kind === "paused") feed.resume();
  else if (feed.isLive) feed.pause();
}

interface ToolbarProps {
  readonly feed: MessageFeed;
  readonly query: Query;
  readonly onQuery: PageProps["onQuery"];
  /** `undefined`: the token may not. */
  readonly onPublish: (() => void) | undefined;
}

function Toolbar({ feed, query, onQuery, onPublish }: ToolbarProps): Child {
  const { from, filter = "" } = query;
  const isPaused = feed.isLive && feed.tailState.kind === "paused";
  return (
    <Form
      class="toolbar"
      label="Place and filter"
      onSubmit={(form) => {
        const typed = new FormData(form).get("from");
        onQuery({ from: String(typed ?? "").trim() || undefined, at: undefined });
      }}
    >
      <Field
        label="From"
        input={(attributes) => (
          <input
            {...attributes}
            key={from ?? ""}
            name="from"
            value={from ?? ""}
            placeholder="first, 1200, -100, 15m, 2026-11-29 10:00"
            autocomplete="off"
            spellcheck={false}
          />
        )}
      />
      <button type="submit">Go</button>
      <Field
        label="Filter"
        input={(attributes) => (
          <input
            {...attributes}
            type="search"
            value={filter}
            placeholder="words, key:order-7"
            autocomplete="off"
            spellcheck={false}
            onInput={(event: Event) =>
              onQuery({ filter: (event.target as HTMLInputElement).value || undefined }, "replace")
            }
          />
        )}
      />
      {feed.isLive ? (
        <button type="button" aria-pressed={String(isPaused)} onClick={() => togglePause(feed)}>
          {isPaused ? "Go on" : "Pause"}
        </button>
      ) : (
        <button type="button" onClick={() => onQuery({ from: undefined, at: undefined })}>
          Live
        </button>
      )}
      {onPublish === undefined ? null : (
        <button type="button" onClick={onPublish}>
          Publish…
        </button>
      )}
    </Form>
  );
}

interface StatusProps {
  readonly feed: MessageFeed;
  readonly onQuery: PageProps["onQuery"];
}

function Status({ feed, onQuery }: StatusProps): Child {
  const { error } = feed;
  const first = feed.at(0)?.offset;
  return (
    <div class="messages-status">
      <span role="status">{feed.isLive ? liveText(feed) : pagesText(feed)}</span>
      {error === undefined ? null : (
        <Notice text={sentenceOf(error)}>
          <button type="button" onClick={() => void feed.restart()}>
            Try again
          </button>
        </Notice>
      )}
      {feed.isLive && first !== undefined && first > 0 ? (
        <button type="button" class="quiet" onClick={() => onQuery({ from: String(first) })}>
          Earlier messages
        </button>
      ) : null}
      <PagesActions feed={feed} />
    </div>
  );
}

/** The list asks for more by itself when it is scrolled; a search that found nothing goes on when it is asked to. */
function PagesActions({ feed }: { readonly feed: MessageFeed }): Child {
  const { pages } = feed;
  if (pages === undefined || pages.busy !== undefined) return null;
  return (
    <>
      {pages.isAtFirst ? null : (
        <button type="button" class="quiet" onClick={() => void pages.older()}>
          Look further back
        </button>
      )}
      <button type="button" class="quiet" onClick={() => void pages.newer()}>
        {pages.isAtEnd ? "Look for new ones" : "Look further on"}
      </button>
    </>
  );
}

function liveText(feed: MessageFeed): string {
  const shown =
    feed.length === feed.came
      ? counted(feed.came, "message")
      : `${countText(feed.length)} of ${counted(feed.came, "message")}`;
  switch (feed.tailState.kind) {
    case "connecting":
      return "Connecting…";
    case "live":
      return `Live: ${shown}`;
    case "paused":
      return `Paused: ${shown}`;
    case "closed":
      return `The topic is closed, and this is its end: ${shown}`;
    case "away":
      return `The server is away; the tail goes on when it is back. ${shown}`;
    case "failed":
      return `Stopped: ${shown}`;
  }
}

function pagesText({ pages, filter }: MessageFeed): string {
  if (pages === undefined) return "Looking for the place…";
  const { first, next, rows, busy, isAtEnd, isClosed } = pages;
  const hasFilter = filter.words.length + filter.keys.length > 0;
  const range = next > first ? `${countText(first)} to ${countText(next - 1)}` : `from ${countText(first)}`;
  const found = hasFilter ? `${counted(rows.length, "match")} among ${range}` : range;
  const end = isClosed ? ", the end of a closed topic" : isAtEnd ? ", the newest" : "";
  return busy === undefined ? found + end : `${found}, reading…`;
}

function useFeed(link: ServerLink, topic: Topic, query: Query): MessageFeed {
  useChanges(link);
  const [, redraw] = useReducer((turns: number) => turns + 1, 0);
  const feed = useMemo(
    () =>
      new MessageFeed({
        topic,
        frames: pageFrames(),
        sleep: (delayMs) => new Promise((resolve) => setTimeout(resolve, delayMs)),
        now: () => Date.now(),
        onChange: () => redraw(0),
      }),
    [topic],
  );
  useEffect(() => () => feed.stop(), [feed]);
  useEffect(
    () => feed.show({ from: query.from, filter: query.filter ?? "" }),
    [feed, query.from, query.filter],
  );
  useEffect(() => feed.mayWorkNow(), [feed, link.returns]);
  return feed;
}

function offsetOf(text: string | undefined): number | undefined {
  return text !== undefined && /^[0-9]{1,16}$/.test(text) ? Number(text) : undefined;
}

function viewOf(text: string | undefined): PayloadKind | undefined {
  return text === "json" || text === "text" || text === "hex" ? text : undefined;
}
