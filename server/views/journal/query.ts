/** Reads the parameters of the journal's lists, as strictly as upstream, and in its words. */
import { isNetlogError } from "../../../lib/index.ts";
import { troubleOfText } from "../../../lib/views/index.ts";
import { type JournalRequest, LIMITS } from "../../../lib/views/journal/index.ts";
import type { Exchange } from "../../http/exchange.ts";
import { badRequest } from "../../wire/errors.ts";
import type { Parameters } from "../../wire/parameters.ts";

export const LIST_PARAMETERS: readonly string[] = [
  "offset",
  "limit",
  "operation",
  "from",
  "to",
  "with_attributes",
  "with_metadata",
  "dir",
];

/** Those of the hours of a client. */
export const RANGE_PARAMETERS: readonly string[] = ["from", "to"];

export type PageRequest = Omit<JournalRequest, "kind" | "id" | "domain">;

const INVALID = "invalid query parameters";
const PAGE_SIZE = 10n;
const MAX_UNSIGNED = 2n ** 64n - 1n;
const MAX_SIGNED = 2n ** 63n - 1n;
/** A later time is taken for one in nanoseconds. */
const MAX_SECONDS = 2n ** 31n - 1n;
const UNSIGNED = /^\d+$/;
const SIGNED = /^[+-]?\d+$/;
const TRUE_WORDS: ReadonlySet<string> = new Set(["1", "t", "T", "TRUE", "true", "True"]);
const FALSE_WORDS: ReadonlySet<string> = new Set(["0", "f", "F", "FALSE", "false", "False"]);

/** @throws bad_request. */
export function readPageRequest(exchange: Exchange): PageRequest {
  const parameters = exchange.parameters();
  const offset = readUnsigned(parameters, "offset") ?? 0n;
  const limit = readUnsigned(parameters, "limit") ?? PAGE_SIZE;
  const operation = read(parameters, "operation") ?? "";
  const { from, to } = readRange(parameters);
  const withAttributes = readBool(parameters, "with_attributes");
  const withMetadata = readBool(parameters, "with_metadata");
  const direction = read(parameters, "dir") ?? "desc";
  if (troubleOfText(operation) !== undefined) throw badRequest(INVALID);
  if (limit > LIMITS.pageSize) throw badRequest("invalid limit size");
  if (direction !== "asc" && direction !== "desc") throw badRequest("invalid list direction provided");
  return {
    offset,
    limit: Number(limit),
    operation,
    from,
    to,
    withAttributes,
    withMetadata,
    isDescending: direction === "desc",
  };
}

/** Seconds since 1970, both included; `undefined`: no bound. @throws bad_request. */
export function readRange(parameters: Parameters): Pick<PageRequest, "from" | "to"> {
  return { from: readSeconds(parameters, "from"), to: readSeconds(parameters, "to") };
}

/** @throws bad_request where it was given twice, or is malformed. */
function read(parameters: Parameters, name: string): string | undefined {
  try {
    return parameters.get(name);
  } catch (error) {
    throw isNetlogError(error) ? badRequest(INVALID) : error;
  }
}

function readUnsigned(parameters: Parameters, name: string): bigint | undefined {
  const text = read(parameters, name);
  if (text === undefined) return undefined;
  const value = UNSIGNED.test(text) ? BigInt(text) : -1n;
  if (value >= 0n && value <= MAX_UNSIGNED) return value;
  throw badRequest(INVALID);
}

/** Gives `undefined` for 0 as well: it sets no bound. */
function readSeconds(parameters: Parameters, name: string): number | undefined {
  const text = read(parameters, name);
  if (text === undefined) return undefined;
  const value = SIGNED.test(text) ? BigInt(text.replace(/^\+/, "")) : MAX_SIGNED + 1n;
  if (value > MAX_SIGNED || value < -MAX_SIGNED - 1n) throw badRequest(INVALID);
  if (value > MAX_SECONDS) throw badRequest("invalid time format use unix time");
  return value === 0n ? undefined : Number(value);
}

function readBool(parameters: Parameters, name: string): boolean {
  const word = read(parameters, name);
  if (word === undefined || FALSE_WORDS.has(word)) return false;
  if (TRUE_WORDS.has(word)) return true;
  throw badRequest(INVALID);
}
