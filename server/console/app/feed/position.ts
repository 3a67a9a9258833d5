/**
 * The box in which a place in a topic is typed. It takes what the API's `from` takes, and what people type beside that:
 * `-100` for the last hundred, digits in groups, a day or a time without a zone, which then is UTC as everywhere here.
 */

export type Position =
  /** Goes to the API as it is. */
  | { readonly kind: "spelled"; readonly from: string }
  /** So many messages before the end. */
  | { readonly kind: "before-end"; readonly count: number };

const BEFORE_END = /^-([0-9]+)$/;
const GROUPED = /^[0-9]{1,3}(?:([ ,_'\u00a0\u202f])[0-9]{3})(?:\1[0-9]{3})*$/;
const DATE_AND_TIME =
  /^([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[ tT]+([0-9]{2}:[0-9]{2})(:[0-9]{2}(?:\.[0-9]+)?)?)? ?(z|utc|[+-][0-9]{2}:?[0-9]{2})?$/i;
const CLOCK = /^([0-9]{1,2}:[0-9]{2})(:[0-9]{2}(?:\.[0-9]+)?)?$/;
const SPACED_DURATION = /^(?:[0-9.]+ *[a-zµμ]+ *)+$/i;

/** What is no position at all is passed on: the server says what it takes. `nowMs` gives a time of day its day. */
export function parsePosition(given: string, nowMs: number): Position {
  const text = given.trim();
  const [, back] = BEFORE_END.exec(text) ?? [];
  if (back !== undefined) return { kind: "before-end", count: Number(back) };
  return { kind: "spelled", from: spellingOf(text, nowMs) };
}

function spellingOf(text: string, nowMs: number): string {
  if (GROUPED.test(text)) return text.replace(/[^0-9]/g, "");
  const clock = CLOCK.exec(text);
  if (clock !== null) {
    const [, minutes = "", seconds = ":00"] = clock;
    const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);
    const timeOn = (day: string): string => `${day}T${minutes.padStart(5, "0")}${seconds}Z`;
    const today = timeOn(dayOf(nowMs));
    // A time of day is one that has been: just after midnight, 23:50 was yesterday.
    return Date.parse(today) > nowMs ? timeOn(dayOf(nowMs - DAY_MS)) : today;
  }
  const time = DATE_AND_TIME.exec(text);
  if (time !== null) {
    const [, day = "", minutes = "00:00", seconds = ":00", zone = "Z"] = time;
    const isUtc = /^(?:z|utc)$/i.test(zone);
    return `${day}T${minutes}${seconds}${isUtc ? "Z" : zone.replace(/^(.[0-9]{2}):?/, "$1:")}`;
  }
  // "1h 30m", and "ago" as people say it.
  const duration = text.replace(/\s*\bago$/i, "");
  return SPACED_DURATION.test(duration) ? duration.replace(/ /g, "").toLowerCase() : text;
}

const DAY_MS = 86_400_000;

/** The offset to begin with, among [first, end). What lies outside becomes the nearest end of it. */
export function placeBeforeEnd(count: number, first: number, end: number): number {
  return Math.max(first, end - count);
}
