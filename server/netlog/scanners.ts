/** Scanners: create, describe, delete, seek, scan. */

import {
  type BulkDelivery,
  type BulkScanRequest,
  NetlogError,
  type Scanner,
  type ScannerDescription,
} from "../../lib/index.ts";
import { requireEncoding } from "../formats/encodings.ts";
import type { FormatName } from "../formats/formats.ts";
import { MessageBody } from "../formats/message-body.ts";
import { negotiate, readFormatName } from "../formats/negotiate.ts";
import { type Answer, bodyAnswer, doneAnswer, jsonAnswer } from "../http/answer.ts";
import type { Exchange } from "../http/exchange.ts";
import { bytes, done, json, messages } from "../openapi/bodies.ts";
import type { Operation } from "../openapi/operation.ts";
import { ref } from "../openapi/parts.ts";
import type { Parameters } from "../wire/parameters.ts";
import { bodyMemory } from "./answer-memory.ts";
import { longJsonAnswer } from "./long-answer.ts";
import { batchHeaders, deliveryAnswer, leaseHeaders } from "./message-answers.ts";
import { findOrCreateScanner } from "./new-scanner.ts";
import { readScannerRequest, requireId } from "./scanner-parameters.ts";

const SCAN_FORMATS: readonly FormatName[] = ["ndjson", "json", "lines"];
/** A line cannot tell which message it is, and that is what has to be acknowledged. */
const WORK_FORMATS: readonly FormatName[] = ["ndjson", "json"];

export const CREATE_SCANNER: Operation = {
  handle: createScanner,
  id: "createScanner",
  tag: "scanners",
  summary: "Creates a scanner, or finds the one of this id",
  query: [
    "id",
    "from",
    "persist",
    "ack",
    "ack_wait",
    "max_deliver",
    "max_pending",
    "dead_letter",
    "expire",
    "key",
  ],
  success: {
    "200": json("It was there", ref("Scanner")),
    "201": json("Created", ref("Scanner")),
  },
  errors: ["scanner_exists", "invalid_offset", "offset_not_found", "storage_full", "sync_failed"],
};

async function createScanner(exchange: Exchange): Promise<Answer> {
  const topic = exchange.requireTopic();
  const request = readScannerRequest(exchange.parameters());
  const { scanner, isNew } = await findOrCreateScanner(exchange, topic, request);
  return jsonAnswer(isNew ? 201 : 200, scanner.info());
}

export const DESCRIBE_SCANNERS: Operation = {
  handle: describeScanners,
  id: "describeScanners",
  tag: "scanners",
  summary: "All there is to tell of all scanners, or of one",
  query: ["id"],
  success: {
    "200": json("Scanners, or with id one of them", {
      oneOf: [{ type: "array", items: ref("ScannerDescription") }, ref("ScannerDescription")],
    }),
  },
  errors: ["scanner_not_found"],
};

async function describeScanners(exchange: Exchange): Promise<Answer> {
  const topic = exchange.requireTopic();
  const parameters = exchange.parameters();
  const id = parameters.get("id");
  const scanner = id === undefined ? undefined : topic.scanner(id);
  parameters.finish();
  if (scanner !== undefined) return jsonAnswer(200, scanner.describe());
  return await longJsonAnswer(exchange, descriptions(topic.scanners));
}

function* descriptions(scanners: readonly Scanner[]): Generator<ScannerDescription> {
  for (const scanner of scanners) yield scanner.describe();
}

export const DELETE_SCANNER: Operation = {
  handle: deleteScanner,
  id: "deleteScanner",
  tag: "scanners",
  summary: "Deletes a scanner",
  query: ["id"],
  required: ["id"],
  success: done("Deleted"),
  errors: ["scanner_not_found", "sync_failed"],
};

async function deleteScanner(exchange: Exchange): Promise<Answer> {
  const topic = exchange.requireTopic();
  const parameters = exchange.parameters();
  const id = parameters.get("id") ?? "";
  if (id === "") throw new NetlogError("bad_request", { reason: "id is missing: the scanner to delete" });
  parameters.finish();
  await topic.deleteScanner(id);
  return doneAnswer(200, "scanner deleted");
}

export const SEEK: Operation = {
  handle: seekScanner,
  id: "seek",
  tag: "scanners",
  summary: "Moves a scanner; leases end",
  query: ["id", "to"],
  required: ["id", "to"],
  success: { "200": json("The scanner", ref("ScannerDescription")) },
  errors: ["scanner_not_found", "offset_not_found", "storage_full", "sync_failed"],
};

async function seekScanner(exchange: Exchange): Promise<Answer> {
  const topic = exchange.requireTopic();
  const parameters = exchange.parameters();
  const scanner = topic.scanner(requireId(parameters));
  parameters.finish();
  const to = parameters.get("to");
  const reason = "to is missing: where to go, such as first, end, a number or 1h";
  if (to === undefined) throw new NetlogError("bad_request", { reason });
  await scanner.seek(await topic.startOf(to, "to"));
  return jsonAnswer(200, scanner.describe());
}

export const SCAN: Operation = {
  handle: scanTopic,
  id: "scan",
  tag: "scanners",
  summary: "The scanner's next message, or with max or format its next messages",
  query: ["id", "wait", "max", "format"],
  success: {
    "200": {
      description: "One message, or several in the format asked for",
      content: { "*/*": bytes, ...messages(SCAN_FORMATS) },
      headers: [
        "X-Offset",
        "X-Crc32",
        "X-Timestamp",
        "X-Key",
        "Traceparent",
        "Tracestate",
        "X-Skipped",
        "X-Delivery",
        "X-Lease",
        "X-Next-Offset",
        "X-Count",
      ],
    },
  },
  errors: ["scanner_not_found", "invalid_duration", "end_of_topic", "not_acceptable", "checksum_error"],
};

/** Gives `undefined` when its wait was cancelled. */
async function scanTopic(exchange: Exchange): Promise<Answer | undefined> {
  const topic = exchange.requireTopic();
  const parameters = exchange.parameters();
  const scanner = topic.scanner(parameters.get("id") ?? "");
  if (parameters.has("max") || parameters.has("format")) return await scanMany(exchange, scanner, parameters);
  const waitMs = parameters.duration("wait");
  parameters.finish();
  const delivery = await scanner.scan({ waitMs, onWaiting: (cancel) => exchange.wait(cancel) });
  return delivery === undefined ? undefined : deliveryAnswer(delivery, exchange.context);
}

async function scanMany(
  exchange: Exchange,
  scanner: Scanner,
  parameters: Parameters,
): Promise<Answer | undefined> {
  const { limits } = exchange.context;
  const named = readFormatName(parameters);
  const max = parameters.count("max", 1, limits.readMessagesMax);
  const waitMs = parameters.duration("wait");
  // Many at once is nothing that NetLog knows, by either verb.
  parameters.finish(true);
  const possible = scanner.leases ? WORK_FORMATS : SCAN_FORMATS;
  const { name, contentType } = negotiate(named, exchange.request.header("accept"), possible);
  const bounds = { max, maxBytes: limits.readBytes };
  const body = new MessageBody(requireEncoding(name), bounds, bodyMemory(exchange));
  let firstDelivery: number | undefined;
  const delivery = await scanInto(body, scanner, {
    waitMs,
    onWaiting: (cancel) => exchange.wait(cancel),
    max,
    take: (message) => {
      firstDelivery ??= message.delivery;
      return body.take(message);
    },
  });
  if (delivery === undefined) return undefined;
  const { count, nextOffset } = body;
  const { offset, skipped } = delivery;
  const headers = batchHeaders(offset, nextOffset, count);
  headers.push(...leaseHeaders(firstDelivery, delivery.lease));
  if (skipped > 0) headers.push("X-Skipped", String(skipped));
  return bodyAnswer(contentType, body.close(), count, headers, (handedOver) => delivery.settle(handedOver));
}

/** Scans into `body`; gives back what does not fit in, and all of it where that fails. @throws also as body.render. */
async function scanInto(
  body: MessageBody,
  scanner: Scanner,
  request: BulkScanRequest,
): Promise<BulkDelivery | undefined> {
  let delivery: BulkDelivery | undefined;
  try {
    delivery = await scanner.scanMany(request);
    if (delivery !== undefined && !(await body.render())) delivery.giveBackBehind(body.count);
    return delivery;
  } catch (error) {
    delivery?.settle(false);
    throw error;
  } finally {
    body.release();
  }
}
