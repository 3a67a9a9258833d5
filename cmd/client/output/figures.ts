/** Numbers, ages and rates for people. */
import ms from "ms";

/** What stands for nothing. */
export const NONE = "-";

/** `1,234,567`. */
export function countText(count: number): string {
  return count.toLocaleString("en-US");
}

/** `1 message`, `1,234 messages`. */
export function messagesText(count: number): string {
  return `${countText(count)} ${count === 1 ? "message" : "messages"}`;
}

/** `12.5/s`, `1,234/s`. */
export function rateText(perSecond: number): string {
  const digits = perSecond > 0 && perSecond < 100 ? 1 : 0;
  return `${perSecond.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits })}/s`;
}

/** How long ago an RFC 3339 time was, in its largest unit: `3s`, `2h`, `5d`. */
export function ageText(time: string | null, nowMs: number): string {
  return time === null ? NONE : ms(Math.max(0, nowMs - Date.parse(time)));
}
