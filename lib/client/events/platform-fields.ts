/** The values in a platform's events: how each becomes a text of the flat form, and comes back. */
import type { Metadata, ProfileConfig } from "./platform-event.ts";

export interface FieldKind<Value> {
  /** `undefined`: the key is left out. @throws TypeError that says what the value is not. */
  write(value: Value): string | undefined;
  /** Never throws: what is unreadable is as good as missing. */
  read(text: string): Value;
}

/** Is there always, and may be empty. */
export const TEXT: FieldKind<string> = {
  write: (value) => checkText(value),
  read: (text) => text,
};

/** Absent where it is empty. */
export const OPTIONAL_TEXT: FieldKind<string | undefined> = {
  write: (value = "") => checkText(value) || undefined,
  read: (text) => text || undefined,
};

/** RFC 3339, and UTC once it was written or read. */
export const TIME: FieldKind<string | undefined> = {
  write(value) {
    if (value === undefined) return undefined;
    const time = utcTime(value);
    if (time === undefined) throw new TypeError("is no time of RFC 3339");
    return time;
  },
  read: (text) => utcTime(text),
};

export const METADATA: FieldKind<Metadata | undefined> = {
  write: (value) => writeObject(value),
  read: (text) => readObject(text),
};

export const CONFIG: FieldKind<ProfileConfig | undefined> = {
  write: (value) => writeObject(value),
  read(text) {
    const config = readObject(text);
    return config !== undefined && isConfig(config) ? config : undefined;
  },
};

/** Joined by commas; an empty list is absent. */
export const IDS: FieldKind<readonly string[] | undefined> = {
  write(ids = []) {
    for (const id of ids) {
      if (checkText(id) === "" || id.includes(","))
        throw new TypeError("has an id that is empty or has a comma");
    }
    return ids.join(",") || undefined;
  },
  read: (text) => (text === "" ? undefined : text.split(",")),
};

function checkText(value: unknown): string {
  if (typeof value !== "string") throw new TypeError("is no text");
  return value;
}

function isObject(value: unknown): value is Metadata {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function writeObject(value: object | undefined): string | undefined {
  if (value === undefined) return undefined;
  if (!isObject(value)) throw new TypeError("is no object");
  return JSON.stringify(value);
}

function readObject(text: string): Metadata | undefined {
  // Most events have none, and an exception for each would be dear.
  if (text === "") return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Go refuses a document with a field of another type, and so does this. */
function isConfig(config: Metadata): boolean {
  const { content_type, transformer, write_enabled, webhook_enabled, rule_enabled } = config;
  const flags = [write_enabled, webhook_enabled, rule_enabled];
  return (
    isAbsentOr("string", content_type) &&
    flags.every((flag) => isAbsentOr("boolean", flag)) &&
    (transformer === undefined || (isObject(transformer) && isTransformer(transformer)))
  );
}

function isTransformer({ data_filters: filters = null, ...rest }: Metadata): boolean {
  const { data_field, time_field, time_format, time_location } = rest;
  return (
    (filters === null || (Array.isArray(filters) && filters.every((each) => typeof each === "string"))) &&
    [data_field, time_field, time_format, time_location].every((each) => isAbsentOr("string", each))
  );
}

function isAbsentOr(type: "string" | "boolean", value: unknown): boolean {
  return value === undefined || typeof value === type;
}

const RFC_3339 = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d{1,9})?\d*(?:Z|([+-])(\d\d):([0-5]\d))$/;
const MINUTE_MS = 60_000;
/** `2026-01-01T00:00:00`: years of more digits are longer. */
const SECONDS_LENGTH = 19;

/** The same time in UTC with its digits up to nanoseconds; `undefined` where it is none, February 30 included. */
function utcTime(text: string): string | undefined {
  const [, seconds = "", fraction = "", sign, hours, minutes] = RFC_3339.exec(text) ?? [];
  const localMs = Date.parse(`${seconds}Z`);
  if (Number.isNaN(localMs) || !new Date(localMs).toISOString().startsWith(seconds)) return undefined;
  const zoneMs = (Number(hours ?? 0) * 60 + Number(minutes ?? 0)) * MINUTE_MS;
  const utc = new Date(localMs - (sign === "-" ? -zoneMs : zoneMs)).toISOString();
  return utc.indexOf(".") === SECONDS_LENGTH ? `${utc.slice(0, SECONDS_LENGTH)}${fraction}Z` : undefined;
}
