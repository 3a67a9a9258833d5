/** A message of the tracker's topic: what it has to be, and why it is refused. It is JSON, one status of one payload. */
import { JsonError, parseJson } from "../../index.ts";
import { Malformed, parseMessageDate, troubleOfText } from "../index.ts";
import { LIMITS } from "./limits.ts";
import { keptRequestId } from "./request-id.ts";

/** A payload is in this status now. Texts that were not given are empty. */
export interface StatusMessage {
  readonly requestId: string;
  readonly account: string;
  readonly orgId: string;
  readonly inventoryId: string;
  readonly systemId: string;
  readonly service: string;
  readonly source: string;
  readonly status: string;
  readonly statusMsg: string;
  /** As SQL reads it. */
  readonly date: string;
}

export interface DecodeOptions {
  /** Bytes of a request_id; 0: any. */
  readonly requestIdLength: number;
}

const QUOTED_LENGTH = 40;

/** Gives Malformed with a reason that begins with the field at fault. */
export function decodeStatus(
  payload: Uint8Array,
  { requestIdLength }: DecodeOptions,
): StatusMessage | Malformed {
  try {
    const fields = new Fields(parse(payload));
    return {
      requestId: checkRequestId(fields.required("request_id"), requestIdLength),
      account: fields.text("account"),
      orgId: fields.text("org_id"),
      inventoryId: fields.text("inventory_id"),
      systemId: fields.text("system_id"),
      service: fields.required("service").toLowerCase(),
      source: fields.text("source").toLowerCase(),
      status: fields.required("status").toLowerCase(),
      statusMsg: fields.text("status_msg", LIMITS.statusMsgBytes),
      date: checkDate(fields.required("date")),
    };
  } catch (error) {
    if (error instanceof FieldError) return new Malformed(error.message);
    throw error;
  }
}

/** Never leaves this file. */
class FieldError extends Error {}

class Fields {
  readonly #values: Readonly<Record<string, unknown>>;

  constructor(values: object) {
    this.#values = values as Readonly<Record<string, unknown>>;
  }

  /** Empty where the field is absent or null. */
  text(name: string, maxBytes: number = LIMITS.fieldBytes): string {
    const value = Object.hasOwn(this.#values, name) ? this.#values[name] : undefined;
    if (value === undefined || value === null) return "";
    if (typeof value !== "string") throw new FieldError(`${name}: is ${kindOf(value)}, and has to be a text`);
    const trouble = troubleOfText(value);
    if (trouble !== undefined) throw new FieldError(`${name}: ${trouble}`);
    const bytes = Buffer.byteLength(value);
    if (bytes > maxBytes) throw new FieldError(`${name}: has ${bytes} bytes, and may have ${maxBytes}`);
    return value;
  }

  required(name: string): string {
    const value = this.text(name);
    if (value === "") throw new FieldError(`${name}: is missing`);
    return value;
  }
}

function parse(payload: Uint8Array): object {
  let value: unknown;
  try {
    value = parseJson(payload, LIMITS.jsonDepth);
  } catch (error) {
    if (error instanceof JsonError) throw new FieldError(`the message is ${error.message}`);
    throw error;
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  throw new FieldError(`the message is ${kindOf(value)}, and has to be an object`);
}

/** The length counts as it was sent, or without the dashes of a UUID. */
function checkRequestId(given: string, length: number): string {
  const kept = keptRequestId(given);
  const bytes = Buffer.byteLength(given);
  if (length === 0 || bytes === length || kept.length === length) return kept;
  throw new FieldError(
    `request_id: has ${bytes} bytes, and has to have ${length} (VALIDATE_REQUEST_ID_LENGTH)`,
  );
}

function checkDate(given: string): string {
  const date = parseMessageDate(given);
  if (date !== undefined) return date;
  const quoted = JSON.stringify(given.slice(0, QUOTED_LENGTH));
  throw new FieldError(`date: ${quoted} is no time of RFC 3339, such as 2022-03-17T16:56:10Z`);
}

function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}
