/**
 * A message of the store's topic: an event, or what removes events. A header tells them apart, and for an event it may name
 * the one that it takes the place of.
 */
import { JsonError, parseJson } from "../../index.ts";
import { Malformed, type TopicMessage, troubleOfText } from "../index.ts";
import { bufferOf, checkEvent, EventFlaw } from "./event-bytes.ts";
import { LIMITS } from "./limits.ts";

export type StoreItem = EventItem | DeleteItem | CleanItem;

export interface EventItem {
  readonly kind: "event";
  readonly id: string;
  readonly sizeBytes: number;
  /** Offset of an event of this id that was too old, or gone, when this one came. */
  readonly replaces: number | undefined;
}

export interface DeleteItem {
  readonly kind: "delete";
  readonly ids: readonly string[];
  /** Events from before this were too old already, and do not count. */
  readonly beforeMs: number;
}

export interface CleanItem {
  readonly kind: "clean";
  readonly beforeMs: number;
}

/** Names of headers. An event has no kind. */
export const KIND = "x-meta-kind";
export const BEFORE = "x-meta-before";
export const REPLACES = "x-meta-replaces";

const WHOLE = /^\d{1,16}$/;
/** An array of texts, or an object of numbers and texts. */
const JSON_DEPTH = 2;

/** Why this can be no event's id; `undefined`: it can. */
export function troubleOfId(id: string): string | undefined {
  const bytes = Buffer.byteLength(id);
  if (bytes < 1 || bytes > LIMITS.idBytes) return `has ${bytes} bytes, and may have 1 to ${LIMITS.idBytes}`;
  return troubleOfText(id);
}

export function decodeStoreMessage(
  message: Pick<TopicMessage, "payload" | "headers">,
): StoreItem | Malformed {
  const { payload, headers } = message;
  const bytes = bufferOf(payload);
  try {
    switch (headers[KIND]) {
      case undefined:
        return event(bytes, headers[REPLACES]);
      case "delete":
        return { kind: "delete", ids: idsOf(bytes), beforeMs: wholeNumber(BEFORE, headers[BEFORE] ?? "0") };
      case "clean":
        return { kind: "clean", beforeMs: beforeOf(bytes) };
      default:
        return new Malformed(`${KIND}: is neither delete nor clean`);
    }
  } catch (error) {
    if (error instanceof EventFlaw) return new Malformed(`event: ${error.message}`);
    if (error instanceof JsonError) return new Malformed(`payload: is ${error.message}`);
    if (error instanceof FieldError) return new Malformed(error.message);
    throw error;
  }
}

/** Never leaves this file. */
class FieldError extends Error {}

function event(bytes: Buffer, replaces: string | undefined): EventItem {
  const id = checkEvent(bytes);
  requireId(id);
  return {
    kind: "event",
    id,
    sizeBytes: bytes.length,
    replaces: replaces === undefined ? undefined : wholeNumber(REPLACES, replaces),
  };
}

function idsOf(bytes: Buffer): readonly string[] {
  const ids = parseJson(bytes, JSON_DEPTH);
  if (!Array.isArray(ids)) throw new FieldError("payload: is no array of ids");
  for (const id of ids) {
    if (typeof id !== "string") throw new FieldError("payload: holds what is no id");
    requireId(id);
  }
  return ids as readonly string[];
}

function beforeOf(bytes: Buffer): number {
  const fields = parseJson(bytes, JSON_DEPTH) as { readonly before?: unknown } | null;
  const before = typeof fields === "object" ? fields?.before : undefined;
  if (typeof before === "number" && Number.isSafeInteger(before) && before >= 0) return before;
  throw new FieldError("before: is no whole number of milliseconds");
}

function requireId(id: string): void {
  const trouble = troubleOfId(id);
  if (trouble !== undefined) throw new FieldError(`id: ${trouble}`);
}

function wholeNumber(name: string, text: string): number {
  const number = Number(text);
  if (WHOLE.test(text) && Number.isSafeInteger(number)) return number;
  throw new FieldError(`${name}: is no whole number`);
}
