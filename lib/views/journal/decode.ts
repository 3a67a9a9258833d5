/**
 * An event of a platform as the journal keeps it. There are two envelopes, both flat JSON objects: SuperMQ's, whose
 * occurred_at is a number of nanoseconds, and Mainflux's, whose occurred_at is a time of RFC 3339.
 */
import { Malformed, microsOf, parseZonedDate } from "../index.ts";
import { type EventEntities, entitiesOf, mainfluxEntitiesOf } from "./entities.ts";
import { EventTextError, numberText, readEventText } from "./event-text.ts";
import { LIMITS } from "./limits.ts";
import { readTelemetry, type TelemetryEvent, type Uncounted } from "./telemetry-event.ts";

export interface JournalEvent {
  readonly operation: string;
  /** Empty: it names none. */
  readonly domain: string;
  /** Microseconds since 1970, floored. */
  readonly occurredAt: number;
  /** The whole event, JSON. SQL makes attributes and metadata of it, so that no number loses a digit. */
  readonly text: string;
  /** JSON of its metadata where that is not in `text` as an object. */
  readonly metadata: string | undefined;
  readonly entities: EventEntities;
  readonly telemetry: TelemetryEvent | Uncounted | undefined;
}

/** Keys that are no attributes. */
export const RESERVED = ["operation", "occurred_at", "metadata"] as const;

const NANOS_PER_MICRO = 1000;
/** Whole years whose microseconds since 1970 a double holds exactly. */
const YEARS = "of the years 1685 to 2254";
const WHOLE_NUMBER = /^-?\d+$/;

/** Gives Malformed with a reason that begins with the field at fault. */
export function decodeEvent(payload: Uint8Array): JournalEvent | Malformed {
  try {
    checkSize(payload);
    const { text, fields } = readEventText(payload);
    const operation = checkOperation(fields.operation);
    if (!Object.keys(fields).some((key) => !(RESERVED as readonly string[]).includes(key))) {
      throw new FieldError(
        "attributes: there are none; an event has at least one key beside the reserved ones",
      );
    }
    return typeof fields.occurred_at === "string"
      ? mainfluxEvent(operation, text, fields)
      : supermqEvent(operation, text, fields);
  } catch (error) {
    if (error instanceof EventTextError) return new Malformed(`the event ${error.message}`);
    if (error instanceof FieldError) return new Malformed(error.message);
    throw error;
  }
}

/** Never leaves this file. */
class FieldError extends Error {}

type Fields = Readonly<Record<string, unknown>>;

function supermqEvent(operation: string, text: string, fields: Fields): JournalEvent {
  const occurredAt = checkNanos(fields.occurred_at, text);
  const own = operation.startsWith("domain.") ? fields.id : undefined;
  return {
    operation,
    domain: checkDomain([own, fields.domain, fields.domain_id, fields.domainID]),
    occurredAt,
    text,
    metadata: undefined,
    entities: entitiesOf(operation, fields),
    telemetry: readTelemetry(operation, fields, occurredAt),
  };
}

function mainfluxEvent(operation: string, text: string, fields: Fields): JournalEvent {
  const zoned = parseZonedDate(String(fields.occurred_at));
  const occurredAt = zoned === undefined ? undefined : microsOf(zoned);
  if (occurredAt === undefined) {
    throw new FieldError(`occurred_at: is a text, and no time of RFC 3339 ${YEARS}`);
  }
  return {
    operation,
    domain: checkDomain([fields.evt_org_id]),
    occurredAt,
    text,
    metadata: metadataText(fields.metadata),
    entities: mainfluxEntitiesOf(operation, fields),
    telemetry: undefined,
  };
}

function checkSize({ length }: Uint8Array): void {
  if (length <= LIMITS.eventBytes) return;
  throw new EventTextError(`has ${length} bytes, and may have ${LIMITS.eventBytes}`);
}

function checkOperation(value: unknown): string {
  if (value === undefined) throw new FieldError("operation: is missing");
  if (typeof value !== "string") throw new FieldError("operation: is no text");
  if (value === "") throw new FieldError("operation: is empty");
  return checkLength("operation", value);
}

/** The first text that is there. */
function checkDomain(given: readonly unknown[]): string {
  const domain = given.find((value) => typeof value === "string" && value !== "");
  return checkLength("domain", (domain ?? "") as string);
}

function checkLength(name: string, value: string): string {
  const bytes = Buffer.byteLength(value);
  if (bytes <= LIMITS.idBytes) return value;
  throw new FieldError(`${name}: has ${bytes} bytes, and may have ${LIMITS.idBytes}`);
}

/** A double has not enough digits for nanoseconds, so the microseconds come from the text. */
function checkNanos(value: unknown, text: string): number {
  if (value === undefined) throw new FieldError("occurred_at: is missing");
  if (typeof value !== "number") throw new FieldError("occurred_at: is neither a number nor a text");
  if (value === 0) throw new FieldError("occurred_at: is 0");
  const digits = numberText(text, "occurred_at") ?? "";
  const micros = WHOLE_NUMBER.test(digits)
    ? Number(floorDivide(BigInt(digits), BigInt(NANOS_PER_MICRO)))
    : Math.floor(value / NANOS_PER_MICRO);
  if (Number.isSafeInteger(micros)) return micros;
  throw new FieldError(`occurred_at: is no time ${YEARS} in nanoseconds`);
}

function floorDivide(value: bigint, by: bigint): bigint {
  const quotient = value / by;
  return value < 0n && quotient * by !== value ? quotient - 1n : quotient;
}

/** Mainflux writes JSON as a text there. The event has no metadata where that cannot be read. */
function metadataText(value: unknown): string | undefined {
  if (typeof value !== "string") return undefined;
  try {
    return readEventText(value).text;
  } catch (error) {
    if (error instanceof EventTextError) return undefined;
    throw error;
  }
}
