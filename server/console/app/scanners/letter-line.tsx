/** A message on one line: where it lies, when it came, its key, and how it begins. */
import type { Child } from "hono/jsx/dom";
import type { Message } from "../../../../lib/client/index.ts";
import { bytesText, timeText } from "../figures/format.ts";
import { beginningOf } from "../payload/kind.ts";
import { visibleText } from "../payload/visible.ts";

const SHOWN_BYTES = 160;

export function beginningText({ payload }: Message): string {
  const text = visibleText(beginningOf(payload, SHOWN_BYTES));
  return payload.length > SHOWN_BYTES ? `${text}…` : text;
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
