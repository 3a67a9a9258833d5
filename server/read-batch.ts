/** Handler of `GET /:topic/batch`: many messages in one answer, without a scanner. */
import type { FrameRun, TopicCursor } from "../lib/index.ts";
import { type Answer, batchHeaders, bodyAnswer, emptyAnswer } from "./answer.ts";
import type { Exchange } from "./exchange.ts";
import { requireEncoding } from "./formats/encodings.ts";
import { MessageBody } from "./formats/message-body.ts";
import type { Format, FormatName } from "./formats.ts";
import { negotiate, readFormatName } from "./negotiate.ts";

const POSSIBLE: readonly FormatName[] = ["ndjson", "json", "lines", "frames"];

interface Bounds {
  readonly max: number;
  readonly maxBytes: number;
}

/** Gives `undefined` when the client left while it waited. */
export async function readBatch(exchange: Exchange): Promise<Answer | undefined> {
  const topic = exchange.requireTopic();
  const { limits } = exchange.context;
  const parameters = exchange.parameters();
  const named = readFormatName(parameters);
  const bounds: Bounds = {
    max: parameters.count("max", limits.readMessages, limits.readMessagesMax),
    maxBytes: parameters.count("max_bytes", limits.readBytes, limits.readBytesMax),
  };
  const waitMs = parameters.duration("wait");
  const from = parameters.get("from") ?? "";
  parameters.finish(["from", "max", "max_bytes", "wait", "format"]);
  const offset = await topic.startOf(from);
  const format = negotiate(named, exchange.incoming.headers.accept, POSSIBLE);
  const cursor = topic.openCursor();
  const waited = await cursor.wait(offset, { waitMs, onWaiting: (cancel) => exchange.onClose(cancel) });
  if (waited === "cancelled") return undefined;
  if (waited === "late") return emptyAnswer(204, ["X-Next-Offset", String(offset)]);
  const run = await read(cursor, offset, format, bounds);
  const headers = batchHeaders(run.baseOffset, run.endOffset, run.messageCount);
  return bodyAnswer(format.contentType, run.bytes, headers);
}

async function read(
  cursor: TopicCursor,
  offset: number,
  format: Format,
  { max, maxBytes }: Bounds,
): Promise<FrameRun & { readonly messageCount: number }> {
  if (format.name === "frames") {
    const run = await cursor.collectFrames(offset, max, maxBytes);
    return { ...run, messageCount: run.endOffset - run.baseOffset };
  }
  const body = new MessageBody(requireEncoding(format.name), { max, maxBytes });
  body.open();
  const endOffset = await cursor.readMessages(offset, offset + max, (message) => body.take(message, 0));
  body.close();
  return { baseOffset: offset, endOffset, bytes: body.view, messageCount: body.count };
}
