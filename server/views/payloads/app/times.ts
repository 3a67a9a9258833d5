/** Times and durations as the pages show them. All times are UTC, as the API has them. */
import { latencyText, spanText } from "../../../console/app/figures/format.ts";

const LONG_SECONDS = 60;

/** `2021-08-04 07:45:26.371`. */
export function whenText(timestamp: string): string {
  return timestamp.replace("T", " ").replace(/Z$/, "");
}

/** `80 µs`, `4.2 ms`, `9.97 s`, `12m 5s`. */
export function durationText(seconds: number): string {
  if (seconds >= LONG_SECONDS) return spanText(seconds * 1000);
  return seconds >= 1 ? `${Number(seconds.toFixed(2))} s` : seconds === 0 ? "0 s" : latencyText(seconds);
}
