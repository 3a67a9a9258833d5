/** How long a payload took: in each service, in all of them together, and from its first status to its last. */
import type { PayloadSpans } from "./queries.ts";

const SECOND = 1_000_000n;
const MINUTE = 60n * SECOND;
const HOUR = 60n * MINUTE;

/** By `service:source`, and `total_time_in_services` and `total_time` behind them. */
export function durationsOf({ byService, all }: PayloadSpans): Record<string, string> {
  const inServices = byService.reduce((sum, [, micros]) => sum + micros, 0n);
  return {
    ...Object.fromEntries(byService.map(([part, micros]) => [part, formatMicros(micros)])),
    total_time_in_services: formatMicros(inServices),
    total_time: formatMicros(all),
  };
}

/** HH:MM:SS.ffffff, with more digits of hours where there are more. */
export function formatMicros(micros: bigint): string {
  const clock = [micros / HOUR, (micros % HOUR) / MINUTE, (micros % MINUTE) / SECOND];
  const [hours, minutes, seconds] = clock.map((part) => String(part).padStart(2, "0"));
  return `${hours}:${minutes}:${seconds}.${String(micros % SECOND).padStart(6, "0")}`;
}
