/** The messages of a client in each hour of the last days, as lines over time. The server leaves out hours without any. */
import { TimeSeries } from "../../../console/app/figures/series.ts";
import type { ClientHour } from "./journal-link.ts";

export const SHOWN_DAYS = 7;
const HOUR_MS = 3_600_000;
const SHOWN_HOURS = SHOWN_DAYS * 24;

/** The first hour that is shown, in seconds since 1970. The last one is the present one. */
export function firstHour(nowMs: number): number {
  return ((Math.floor(nowMs / HOUR_MS) + 1 - SHOWN_HOURS) * HOUR_MS) / 1000;
}

export function hoursSeries(hours: readonly ClientHour[], nowMs: number): TimeSeries {
  const known = new Map(hours.map((hour) => [Date.parse(hour.start), hour]));
  const series = new TimeSeries();
  const firstMs = firstHour(nowMs) * 1000;
  for (let atMs = firstMs; atMs <= nowMs; atMs += HOUR_MS) {
    const { inbound_messages = 0, outbound_messages = 0 } = known.get(atMs) ?? {};
    series.add(atMs, { published: inbound_messages, delivered: outbound_messages });
  }
  return series;
}

/** `04-30 12:00`, UTC. */
export function dayAndHour(seconds: number): string {
  return new Date(seconds * 1000).toISOString().slice(5, 16).replace("T", " ");
}
