/** Durations as the server tells them. */

const UNIT_MS: Readonly<Record<string, number>> = {
  year: 31_536_000_000,
  month: 2_592_000_000,
  week: 604_800_000,
  day: 86_400_000,
  h: 3_600_000,
  m: 60_000,
  s: 1000,
  ms: 1,
};

/** `1m30s` is 90,000; `0` is 0. What is smaller than a millisecond counts for nothing. */
export function parseDurationMs(text: string): number {
  let ms = 0;
  for (const [, count = "0", unit = ""] of text.matchAll(/(\d+(?:\.\d+)?)([a-zµ]+)/g)) {
    ms += Number(count) * (UNIT_MS[unit] ?? 0);
  }
  return ms;
}
