/** Numbers, ages and rates for people. */
import ms from "ms";

/** What stands for nothing. */
export const NONE = "-";

/** `1,234,567`, of a whole number. Not toLocaleString, whose first call loads the data of languages: some 70 ms. */
export function countText(count: number): string {
  return String(count).replace(/\B(?=(?:\d{3})+$)/g, ",");
}

/** `1 message`, `1,234 messages`. */
export function messagesText(count: number): string {
  return `${countText(count)} ${count === 1 ? "message" : "messages"}`;
}

/** `12.5/s`, `1,234/s`. */
export function rateText(perSecond: number): string {
  const figure = perSecond > 0 && perSecond < 100 ? perSecond.toFixed(1) : countText(Math.round(perSecond));
  return `${figure}/s`;
}

/** How long ago an RFC 3339 time was, in its largest unit: `3s`, `2h`, `5d`. */
export function ageText(time: string | null, nowMs: number): string {
  return time === null ? NONE : ms(Math.max(0, nowMs - Date.parse(time)));
}
