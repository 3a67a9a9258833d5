/** A message in a few words: as a link to it, by its beginning, and with where it lies, when it came and its key. */
import type { Child } from "hono/jsx/dom";
import type { Message } from "../../../../lib/client/index.ts";
import { bytesText, countText, timeText } from "../figures/format.ts";
import { beginningOf } from "../payload/kind.ts";
import { visibleText } from "../payload/visible.ts";
import { linkTo } from "../shell/route.ts";

const SHOWN_BYTES = 160;

export function beginningText({ payload }: Message): string {
  const text = visibleText(beginningOf(payload, SHOWN_BYTES));
  return payload.length > SHOWN_BYTES ? `${text}…` : text;
}

/** Leads to the message, open in the list of those behind it. */
export function MessageLink({ topic, offset }: { readonly topic: string; readonly offset: number }): Child {
  const place = String(offset);
  return <a href={linkTo("messages", topic, { from: place, at: place })}>{countText(offset)}</a>;
}

export function LetterLine({ message, nowMs }: { readonly message: Message; readonly nowMs: number }): Child {
  const { offset, timestamp, key, payload } = message;
  return (
    <dl class="letter">
      <dt>Message</dt>
      <dd>{offset}</dd>
      <dt>Published</dt>
      <dd>{timeText(timestamp, nowMs)}</dd>
      {key === undefined ? null : (
        <>
          <dt>Key</dt>
          <dd>{visibleText(key)}</dd>
        </>
      )}
      <dt>Payload</dt>
      <dd>
        <code>{beginningText(message)}</code> <span class="dim">{bytesText(payload.length)}</span>
      </dd>
    </dl>
  );
}
