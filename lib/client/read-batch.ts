/** Many messages in one answer, and where to read on. */
import { NetlogClientError } from "./errors.ts";
import { keysToReadBy } from "./fields.ts";
import { headerFlag, requireNumber } from "./headers.ts";
import type { Message } from "./message.ts";
import { parseLines } from "./ndjson.ts";
import { type Polled, poll, waitParameter } from "./polls.ts";
import type { RetryMode } from "./retry.ts";
import type { CallOptions, Session } from "./session.ts";
import { type Offset, spellOffset } from "./spelling.ts";

export interface ReadBatchOptions extends CallOptions {
  /** `always` by default. */
  readonly retry?: RetryMode | undefined;
  /** `first` by default. */
  readonly from?: Offset | undefined;
  /** Only messages with this key, or with one of these; at most 64. It looks until it finds one, or to the end. */
  readonly key?: string | readonly string[] | undefined;
  /** Messages at most: 1,000 by default, 100,000 at most. */
  readonly max?: number | undefined;
  /** Bytes of the answer at most, 8 MiB by default; one message is given always. */
  readonly maxBytes?: number | undefined;
  /** How long to wait for a first message, in ms; Infinity for ever; 0 by default. */
  readonly waitMs?: number | undefined;
}

export interface MessageBatch {
  /** In the order of their offsets; empty when there was none in time. */
  readonly messages: readonly Message[];
  /** Where to read on. */
  readonly nextOffset: number;
  /** Nothing will come: the topic is closed, and this is its end. */
  readonly isClosed: boolean;
}

export async function readBatch(
  session: Session,
  topicName: string,
  options: ReadBatchOptions,
): Promise<MessageBatch> {
  const { max, maxBytes, waitMs = 0, retry = "always", signal } = options;
  let from = spellOffset(options.from ?? "first");
  const key = keysToReadBy(options.key);
  let nextOffset = 0;
  let isClosed = false;
  const messages = await poll<Message[]>(waitMs, async (pollMs) => {
    const query = { from, key, max, max_bytes: maxBytes, wait: waitParameter(pollMs), format: "ndjson" };
    const path = [topicName, "batch"];
    return await session.repeat<Polled<Message[]>>(retry, signal, async () => {
      const reply = await session.connection.call({
        method: "GET",
        path,
        query,
        waitMs: pollMs,
        signal,
      });
      const { status, headers, body } = reply;
      const found = status === 204 ? undefined : batchOf(headers, body);
      nextOffset = requireNumber(headers, "X-Next-Offset");
      from = String(nextOffset);
      isClosed = headerFlag(headers, "X-Closed");
      if (found !== undefined) return found;
      if (isClosed) return "end";
      return headerFlag(headers, "X-More") ? "more" : undefined;
    });
  });
  return { messages: messages ?? [], nextOffset, isClosed };
}

function batchOf(headers: Headers, body: Uint8Array): Message[] {
  const messages = parseLines(body).flatMap((line) => (line.kind === "message" ? [line.message] : []));
  if (messages.length === requireNumber(headers, "X-Count")) return messages;
  throw new NetlogClientError("unexpected_answer", "the answer does not hold as many messages as it tells");
}
