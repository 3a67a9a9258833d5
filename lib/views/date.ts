/**
 * Dates as services write them, RFC 3339 with some freedom. They are checked here and go to SQL as text, so that no
 * microsecond is lost in a Date. What is finer than a microsecond is cut off: times are floored.
 */

const RFC_3339 = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:Z|([+-])(\d\d):(\d\d))$/;
const MONTH_DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const;
const MICROSECOND_DIGITS = 6;
const MICROS_PER_MS = 1000;
/** PostgreSQL takes no zone that is further away. */
const MAX_ZONE_HOURS = 15;
const MINUTE_MS = 60_000;
/** Within these, the year of the time in UTC has four digits. */
const FIRST_MS = Date.parse("0001-01-01T00:00:00Z");
const LAST_MS = Date.parse("9999-12-31T23:59:59.999Z");

/** RFC 3339 with a zone, as text for SQL; `undefined` for anything else, a day that its month does not have included. */
export function parseZonedDate(text: string): string | undefined {
  const match = RFC_3339.exec(text);
  if (match === null) return undefined;
  const [, year = "", month = "", day = "", hour = "", minute = "", second = "", fraction, sign] = match;
  const zoneHour = Number(match[9] ?? 0);
  const zoneMinute = Number(match[10] ?? 0);
  const isReal =
    isDay(Number(year), Number(month), Number(day)) &&
    Number(hour) < 24 &&
    Number(minute) < 60 &&
    Number(second) < 60 &&
    zoneHour <= MAX_ZONE_HOURS &&
    zoneMinute < 60;
  if (!isReal) return undefined;
  const local = `${year}-${month}-${day}T${hour}:${minute}:${second}`;
  const zoneMs = (zoneHour * 60 + zoneMinute) * MINUTE_MS * (sign === "-" ? -1 : 1);
  const timeMs = Date.parse(`${local}Z`) - zoneMs;
  if (timeMs < FIRST_MS || timeMs > LAST_MS) return undefined;
  const micros = fraction === undefined ? "" : `.${fraction.slice(0, MICROSECOND_DIGITS)}`;
  return `${local}${micros}${sign === undefined ? "Z" : text.slice(-"+00:00".length)}`;
}

/** Microseconds since 1970 of what parseZonedDate gives; `undefined` beyond 2^53 of them, which is in the year 2255. */
export function microsOf(zoned: string): number | undefined {
  const fraction = /\.(\d+)/.exec(zoned)?.[1] ?? "";
  const micros =
    Date.parse(zoned.replace(/\.\d+/, "")) * MICROS_PER_MS + Number(fraction.padEnd(MICROSECOND_DIGITS, "0"));
  return Number.isSafeInteger(micros) ? micros : undefined;
}

/** A message's date: white space may stand for the T, and without a zone it is UTC's. */
export function parseMessageDate(text: string): string | undefined {
  const joined = text.replace(/\s+/g, "T");
  return parseZonedDate(joined) ?? parseZonedDate(`${joined}Z`);
}

/** A timestamptz as PostgreSQL prints it in UTC, `2021-08-04 07:45:26.371+00`, as RFC 3339. */
export function formatSqlTime(text: string): string {
  return `${text.slice(0, 10)}T${text.slice(11).replace(/\+00$/, "Z")}`;
}

function isDay(year: number, month: number, day: number): boolean {
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const days = month === 2 && isLeap ? 29 : (MONTH_DAYS[month - 1] ?? 0);
  return year >= 1 && day >= 1 && day <= days;
}
