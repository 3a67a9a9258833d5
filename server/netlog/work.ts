/** Handlers of scanners with acknowledgements: ack, nack, touch; and of seek, which every scanner has. */
import { isLongJson, NetlogError, type Scanner, type WorkRequest, type WorkResult } from "../../lib/index.ts";
import { type Answer, jsonAnswer } from "../http/answer.ts";
import type { Exchange } from "../http/exchange.ts";
import { parseJsonBody, readJsonArrayBody } from "../wire/json.ts";
import type { Parameters } from "../wire/parameters.ts";
import { readDuration } from "./scanner-parameters.ts";

const DIGITS = /^[0-9]+$/;
const NO_BODY = Buffer.alloc(0);

export async function ackMessages(exchange: Exchange): Promise<Answer> {
  const { scanner, parameters } = open(exchange);
  parameters.finish();
  const request = await readWork(exchange, parameters);
  return workAnswer(parameters, await scanner.work.ack(request));
}

export async function nackMessages(exchange: Exchange): Promise<Answer> {
  const { scanner, parameters } = open(exchange);
  parameters.finish();
  const isDead = parameters.flag("dead");
  const delayMs = readDelay(exchange, parameters);
  if (isDead && delayMs > 0) throw badRequest("delay and dead exclude each other");
  const request = await readWork(exchange, parameters);
  return workAnswer(parameters, await scanner.work.nack(request, delayMs, isDead));
}

export async function touchMessages(exchange: Exchange): Promise<Answer> {
  const { scanner, parameters } = open(exchange);
  parameters.finish();
  const request = await readWork(exchange, parameters);
  return workAnswer(parameters, await scanner.work.touch(request));
}

export async function seekScanner(exchange: Exchange): Promise<Answer> {
  const topic = exchange.requireTopic();
  const parameters = exchange.parameters();
  const scanner = topic.scanner(requireId(parameters));
  parameters.finish();
  const to = parameters.get("to");
  if (to === undefined) throw badRequest("to is missing: where to go, such as first, end, a number or 1h");
  await scanner.seek(await topic.startOf(to, "to"));
  return jsonAnswer(200, scanner.describe());
}

/** @throws bad_request. */
export function requireId(parameters: Parameters): string {
  const id = parameters.get("id") ?? "";
  if (id === "") throw badRequest("id is missing: which scanner");
  return id;
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
    if (!(await readJsonArrayBody(body, { takeElements, takeLongElement }, pause))) throw noArray();
    return offsets;
  }
  const listed = parseJsonBody(body);
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

function readDelay({ context }: Exchange, parameters: Parameters): number {
  const delayMs = readDuration(parameters, "delay") ?? 0;
  if (delayMs <= context.limits.nackDelayMs) return delayMs;
  throw badRequest("delay takes at most 1day");
}

/** The refusal of a single offset is an error. */
function workAnswer(parameters: Parameters, { settled, refused }: WorkResult): Answer {
  if (refused.length > 0 && parameters.has("offset")) throw new NetlogError("lease_lost");
  return jsonAnswer(200, { ok: true, settled, refused });
}

function badRequest(reason: string): NetlogError {
  return new NetlogError("bad_request", { reason });
}
