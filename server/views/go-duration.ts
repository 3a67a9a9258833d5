/** Durations as Go prints them, in which upstream's variables are: `168h`, `1h30m`, `500ms`. */

const DURATION = /^(?:\d{1,6}(?:\.\d{1,3})?(?:ms|s|m|h))+$/;
const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** Milliseconds, rounded up; NaN for anything else. */
export function parseGoDuration(text: string): number {
  let ms = DURATION.test(text) ? 0 : Number.NaN;
  for (const [, digits, unit = ""] of text.matchAll(/([\d.]+)(ms|s|m|h)/g)) {
    ms += Number(digits) * (UNITS_MS[unit] ?? 0);
  }
  return Math.ceil(ms);
}
