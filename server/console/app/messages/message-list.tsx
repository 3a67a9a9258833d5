/** The rows of the page of messages: one line each, and what is missing between them. */
import type { Child } from "hono/jsx/dom";
import type { Message } from "../../../../lib/client/index.ts";
import type { MessageFeed } from "../feed/message-feed.ts";
import type { Row } from "../feed/rows.ts";
import { bytesText, counted, countText, timeText } from "../figures/format.ts";
import { Pieces } from "../parts/pieces.tsx";
import { VirtualRows } from "../parts/virtual-rows.tsx";
import { beginningOf } from "../payload/kind.ts";

export interface MessageListProps {
  readonly feed: MessageFeed;
  /** Offset of the message that is open. */
  readonly selected: number | undefined;
  readonly onSelect: (offset: number) => void;
  readonly nowMs: number;
}

/** So much of a payload is shown in its row. */
const BEGINNING_BYTES = 400;
/** The keys that move the selection, and by how many rows. */
const STEPS: Readonly<Record<string, number>> = {
  ArrowDown: 1,
  j: 1,
  ArrowUp: -1,
  k: -1,
  PageDown: 20,
  PageUp: -20,
};

export function MessageList({ feed, selected, onSelect, nowMs }: MessageListProps): Child {
  const place = selected === undefined ? -1 : feed.placeOf(selected);
  const onKeyDown = (event: KeyboardEvent): void => {
    const step = STEPS[event.key];
    if (step === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const next = messageFrom(feed, place, step);
    if (next !== undefined) onSelect(next);
  };
  return (
    <VirtualRows
      count={feed.length}
      moved={feed.moved}
      followsEnd={feed.isLive}
      selected={selected === undefined ? undefined : { key: selected, place }}
      label="Messages"
      className="message-rows"
      box={{
        role: "listbox",
        onKeyDown,
        onClick: (event: MouseEvent) => {
          const row = (event.target as Element).closest<HTMLElement>("[data-offset]");
          if (row !== null) onSelect(Number(row.dataset.offset));
        },
        "aria-activedescendant": place >= 0 ? rowId(selected!) : undefined,
      }}
      onNear={(side) => {
        const { pages } = feed;
        if (pages === undefined || pages.error !== undefined) return;
        if (side === "last" && !pages.isAtEnd) void pages.newer();
        if (side === "first" && !pages.isAtFirst) void pages.older();
      }}
      row={(at) => {
        const row = feed.at(at)!;
        return (
          <MessageRow
            key={`${row.kind}-${row.offset}`}
            row={row}
            isSelected={row.offset === selected}
            nowMs={nowMs}
          />
        );
      }}
    />
  );
}

/** The message that is `step` rows on from `place`, or the last one on the way; from nowhere the newest. */
export function messageFrom(feed: MessageFeed, place: number, step: number): number | undefined {
  let at = place < 0 ? feed.length - 1 : Math.max(0, Math.min(feed.length - 1, place + step));
  const back = step < 0 ? 1 : -1;
  const onwards = Math.sign(step);
  for (let row = feed.at(at); row !== undefined; row = feed.at(at)) {
    if (row.kind === "message") return row.offset;
    at += place < 0 ? back : onwards;
  }
  return undefined;
}

function rowId(offset: number): string {
  return `message-${offset}`;
}

interface RowProps {
  readonly row: Row;
  readonly isSelected: boolean;
  readonly nowMs: number;
}

function MessageRow({ row, isSelected, nowMs }: RowProps): Child {
  if (row.kind !== "message") {
    return (
      <div class="row gap-row" role="option" aria-selected="false" aria-disabled="true" tabIndex={-1}>
        <span class="offset">{countText(row.offset)}</span>
        <span>{MISSING[row.kind](row.count)}</span>
      </div>
    );
  }
  const { message } = row;
  return (
    <div
      id={rowId(row.offset)}
      class="row message-row"
      role="option"
      aria-selected={String(isSelected)}
      tabIndex={-1}
      data-offset={row.offset}
    >
      <span class="offset">{countText(row.offset)}</span>
      <time class="time" dateTime={message.timestamp} title={message.timestamp}>
        {timeText(message.timestamp, nowMs)}
      </time>
      <span class="size">{bytesText(message.payload.length)}</span>
      <span class="key">
        <Pieces text={message.key ?? ""} />
      </span>
      <span class="beginning">
        <Pieces text={beginning(message)} />
      </span>
    </div>
  );
}

const MISSING: Readonly<Record<"skipped" | "damaged", (count: number) => string>> = {
  skipped: (count) => `${counted(count, "message")} dropped by retention before they were read`,
  damaged: (count) => `${counted(count, "message")} damaged on the server's disk`,
};

const beginnings = new WeakMap<Message, string>();

function beginning(message: Message): string {
  let text = beginnings.get(message);
  if (text === undefined) {
    text = beginningOf(message.payload, BEGINNING_BYTES);
    beginnings.set(message, text);
  }
  return text;
}
