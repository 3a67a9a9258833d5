/** Scanners with acknowledgements: ack, nack and touch of messages that were given out. */
import { isLongJson, NetlogError, type Scanner, type WorkRequest, type WorkResult } from "../../lib/index.ts";
import { type Answer, jsonAnswer } from "../http/answer.ts";
import type { Exchange } from "../http/exchange.ts";
import type { Limits } from "../http/limits.ts";
import { JSON_TYPE, json } from "../openapi/bodies.ts";
import type { Operation } from "../openapi/operation.ts";
import { ref } from "../openapi/parts.ts";
import { badRequest } from "../wire/errors.ts";
import { parseJsonBody, readJsonArrayBody } from "../wire/json.ts";
import { DIGITS, type Parameters } from "../wire/parameters.ts";
import { readDuration, requireId } from "./scanner-parameters.ts";

const NO_BODY = Buffer.alloc(0);

/** What ack, nack and touch have in common. */
const COMMON: Omit<Operation, "handle" | "id" | "summary"> = {
  tag: "scanners",
  query: ["id", "offset", "lease"],
  required: ["id"],
  body: {
    limit: "ackBytes",
    content: { [JSON_TYPE]: { type: "array", items: { type: "integer", minimum: 0 } } },
  },
  success: { "200": json("What was settled, and what was refused", ref("Settled")) },
  errors: [
    "scanner_not_found",
    "scanner_without_ack",
    "lease_lost",
    "offset_not_found",
    "payload_too_large",
    "request_timeout",
    "storage_full",
    "sync_failed",
  ],
};

export const ACK: Operation = { ...COMMON, handle: ackMessages, id: "ack", summary: "Settles messages" };

export const NACK: Operation = {
  ...COMMON,
  handle: nackMessages,
  id: "nack",
  summary: "Gives messages back",
  query: ["id", "offset", "lease", "delay", "dead"],
};

export const TOUCH: Operation = {
  ...COMMON,
  handle: touchMessages,
  id: "touch",
  summary: "Begins ack_wait anew",
};

async function ackMessages(exchange: Exchange): Promise<Answer> {
  const { scanner, parameters } = open(exchange);
  parameters.finish();
  const request = await readWork(exchange, parameters);
  return workAnswer(parameters, await scanner.work.ack(request));
}

async function nackMessages(exchange: Exchange): Promise<Answer> {
  const { scanner, parameters } = open(exchange);
  parameters.finish();
  const isDead = parameters.flag("dead");
  const delayMs = readDuration(parameters, "delay") ?? 0;
  checkNack(delayMs, isDead, exchange.context.limits);
  const request = await readWork(exchange, parameters);
  return workAnswer(parameters, await scanner.work.nack(request, delayMs, isDead));
}

async function touchMessages(exchange: Exchange): Promise<Answer> {
  const { scanner, parameters } = open(exchange);
  parameters.finish();
  const request = await readWork(exchange, parameters);
  return workAnswer(parameters, await scanner.work.touch(request));
}

interface Opened {
  readonly scanner: Scanner;
  readonly parameters: Parameters;
}

function open(exchange: Exchange): Opened {
  const topic = exchange.requireTopic();
  const parameters = exchange.parameters();
  return { scanner: topic.scanner(requireId(parameters)), parameters };
}

/** To be called before anything is awaited, for it takes the body. @throws bad_request. */
async function readWork(exchange: Exchange, parameters: Parameters): Promise<WorkRequest> {
  const offset = parameters.get("offset");
  const lease = parameters.get("lease");
  if (lease === "") throw badRequest("lease is empty; it takes what X-Lease said");
  const body = exchange.request.declaredBytes === 0 ? NO_BODY : await exchange.request.takeBody();
  const listed = body.length === 0 ? undefined : await readOffsets(body, exchange);
  if (offset !== undefined && listed !== undefined) {
    throw badRequest("take offset or an array of offsets as the body, not both");
  }
  if (offset !== undefined) return { offsets: [readOffset(offset)], lease };
  if (listed !== undefined) return { offsets: [...listed], lease };
  if (lease !== undefined) return { offsets: undefined, lease };
  throw badRequest("which messages is missing: offset, an array of offsets as the body, or lease");
}

function readOffset(text: string): number {
  if (DIGITS.test(text)) return Number(text);
  throw badRequest("offset takes the number that X-Offset said");
}

/** Each once; `undefined` for a body without a value. A long body is read with the event loop given back in between. */
async function readOffsets(body: Buffer, { context }: Exchange): Promise<ReadonlySet<number> | undefined> {
  const { jsonDepth } = context.limits;
  const offsets = new Set<number>();
  let index = 0;
  const takeElements = (elements: readonly unknown[]): void => {
    for (const offset of elements) {
      if (!isOffset(offset)) throw badItem(index);
      offsets.add(offset);
      index += 1;
    }
  };
  const takeLongElement = (): Promise<void> => Promise.reject(badItem(index));
  if (isLongJson(body)) {
    const pause = (): Promise<void> => context.runtime.pause();
    if (!(await readJsonArrayBody(body, { takeElements, takeLongElement }, pause, jsonDepth)))
      throw noArray();
    return offsets;
  }
  const listed = parseJsonBody(body, jsonDepth);
  if (listed === undefined) return undefined;
  if (!Array.isArray(listed)) throw noArray();
  takeElements(listed);
  return offsets;
}

function isOffset(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function noArray(): NetlogError {
  return badRequest("the body takes a JSON array of offsets");
}

function badItem(index: number): NetlogError {
  return badRequest(`item ${index} of the body is no offset; it takes whole numbers from 0 on`);
}

/** @throws bad_request. */
export function checkNack(delayMs: number, isDead: boolean, { nackDelayMs }: Limits): void {
  if (isDead && delayMs > 0) throw badRequest("delay and dead exclude each other");
  if (!(delayMs <= nackDelayMs)) throw badRequest("delay takes at most 1day");
}

/** The refusal of a single offset is an error. */
function workAnswer(parameters: Parameters, { settled, refused }: WorkResult): Answer {
  if (refused.length > 0 && parameters.has("offset")) throw new NetlogError("lease_lost");
  return jsonAnswer(200, { ok: true, settled, refused });
}
