/** The handler of batches in: many messages in one body, all or nothing. */
import { BATCH_HEADROOM_BYTES, type Batch, type Topic } from "../../lib/index.ts";
import { formatParameter, readBodyFormat } from "../formats/body-format.ts";
import type { FormatName } from "../formats/formats.ts";
import { type Answer, jsonAnswer } from "../http/answer.ts";
import { BodyDigest } from "../http/body-digest.ts";
import type { Exchange } from "../http/exchange.ts";
import { json, messages } from "../openapi/bodies.ts";
import type { Operation } from "../openapi/operation.ts";
import { ref } from "../openapi/parts.ts";
import { type Answered, durabilityParameter, publishedHeaders } from "./payloads.ts";
import { PUBLISH_ERRORS, readTerms, TERM_HEADERS } from "./publish-terms.ts";
import { readSentHeaders, refuseFields } from "./sent-headers.ts";

const FORMATS_IN: readonly FormatName[] = ["messages", "lines", "ndjson", "json"];

export const PUBLISH_BATCH: Operation = {
  handle: publishBatch,
  id: "publishBatch",
  tag: "messages",
  summary: "Appends many messages, all or nothing",
  query: ["durability", "format", "expected_offset", "close"],
  requestHeaders: TERM_HEADERS,
  body: { limit: "batchBytes", content: messages(FORMATS_IN), isRequired: true },
  success: { "201": json("Kept", ref("Published"), ["X-Offset", "X-Count", "X-Durability", "X-Duplicate"]) },
  errors: PUBLISH_ERRORS,
};

async function publishBatch(exchange: Exchange): Promise<Answer> {
  const { request, context } = exchange;
  const typed = readBodyFormat(exchange, FORMATS_IN);
  const topic = exchange.requireTopic();
  const parameters = exchange.parameters();
  const format = formatParameter(parameters, FORMATS_IN) ?? typed;
  const durability = durabilityParameter(parameters);
  const sent = readSentHeaders(request);
  const terms = readTerms(sent, parameters);
  parameters.finish();
  refuseFields(sent);
  if (terms === undefined) {
    const batch = await takeBatch(exchange, topic, format, undefined);
    return publishedAnswer(await topic.publishBatch(batch, { durability }), batch.count);
  }
  const { idempotencyKey: key, ...others } = terms;
  const digest =
    key === undefined ? undefined : new BodyDigest([format ?? "lines", null, null, terms.closes === true]);
  const batch = await takeBatch(exchange, topic, format, digest);
  const idempotency = key === undefined || digest === undefined ? undefined : { key, digest: digest.end() };
  const published = await topic.publishBatch(batch, { durability, ...others, idempotency });
  if (published.isDuplicate === true) context.traffic.duplicates += 1;
  return publishedAnswer(published, published.isDuplicate === true ? published.count : batch.count);
}

/** What both ways in of many messages answer. */
export function publishedAnswer(published: Answered, count: number | undefined): Answer {
  const offset = published.offset < 0 ? undefined : published.offset;
  return jsonAnswer(201, { ok: true, offset, count }, publishedHeaders(published, count));
}

/** `digest` gets all of the body. */
async function takeBatch(
  { request, context }: Exchange,
  { batches }: Topic,
  format: FormatName | undefined,
  digest: BodyDigest | undefined,
): Promise<Batch> {
  switch (format) {
    case "messages": {
      const body = await request.takeBody(BATCH_HEADROOM_BYTES);
      await digest?.addAll(body, context.runtime);
      return await batches.parseMessages(body, BATCH_HEADROOM_BYTES);
    }
    case "json": {
      const body = await request.takeBody();
      await digest?.addAll(body, context.runtime);
      return await batches.parseJson(body);
    }
    default: {
      const lines = batches.openLines(
        request.contentCoding === undefined ? request.declaredBytes : undefined,
      );
      await request.takePieces((piece) => {
        digest?.add(piece);
        lines.write(piece);
      });
      return await lines.end();
    }
  }
}
