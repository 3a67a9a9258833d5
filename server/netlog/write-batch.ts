/** The handler of batches in: many messages in one body, all or nothing. */

import { BATCH_HEADROOM_BYTES, type Batch, type Topic } from "../../lib/index.ts";
import { formatParameter, readBodyFormat } from "../formats/body-format.ts";
import type { FormatName } from "../formats/formats.ts";
import { type Answer, jsonAnswer } from "../http/answer.ts";
import type { Exchange } from "../http/exchange.ts";
import { json, messages } from "../openapi/bodies.ts";
import type { Operation } from "../openapi/operation.ts";
import { ref } from "../openapi/parts.ts";
import { durabilityParameter, PUBLISH_ERRORS } from "./payloads.ts";
import { refuseFields } from "./sent-headers.ts";

const FORMATS_IN: readonly FormatName[] = ["messages", "lines", "ndjson", "json"];

export const PUBLISH_BATCH: Operation = {
  handle: publishBatch,
  id: "publishBatch",
  tag: "messages",
  summary: "Appends many messages, all or nothing",
  query: ["durability", "format"],
  body: { limit: "batchBytes", content: messages(FORMATS_IN), isRequired: true },
  success: { "201": json("Kept", ref("Published"), ["X-Offset", "X-Count", "X-Durability"]) },
  errors: PUBLISH_ERRORS,
};

async function publishBatch(exchange: Exchange): Promise<Answer> {
  const typed = readBodyFormat(exchange, FORMATS_IN);
  const topic = exchange.requireTopic();
  const parameters = exchange.parameters();
  const format = formatParameter(parameters, FORMATS_IN) ?? typed;
  const asked = durabilityParameter(parameters);
  parameters.finish();
  refuseFields(exchange.request);
  const batch = await takeBatch(exchange, topic, format);
  const { offset, durability } = await topic.publishBatch(batch, { durability: asked });
  return publishedAnswer(offset, batch.count, durability);
}

/** What both ways in of many messages answer. */
export function publishedAnswer(offset: number, count: number, durability: string): Answer {
  const headers = ["X-Offset", String(offset), "X-Count", String(count), "X-Durability", durability];
  return jsonAnswer(201, { ok: true, offset, count }, headers);
}

async function takeBatch(exchange: Exchange, topic: Topic, format: FormatName | undefined): Promise<Batch> {
  switch (format) {
    case "messages":
      return await topic.batches.parseMessages(
        await exchange.request.takeBody(BATCH_HEADROOM_BYTES),
        BATCH_HEADROOM_BYTES,
      );
    case "json":
      return await topic.batches.parseJson(await exchange.request.takeBody());
    default: {
      const lines = topic.batches.openLines();
      await exchange.request.takePieces((piece) => lines.write(piece));
      return await lines.end();
    }
  }
}
