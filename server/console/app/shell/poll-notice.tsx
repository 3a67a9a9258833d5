/** Why a poll has no newer answer. The frame says already when the server is gone. */
import type { Child } from "hono/jsx/dom";
import { Notice } from "../parts/notice.tsx";
import { isAway, sentenceOf } from "./failure.ts";

export function PollNotice({ error }: { readonly error: unknown }): Child {
  return error === undefined || isAway(error) ? null : <Notice text={sentenceOf(error)} />;
}
