/** What became of a payload in each service: its state, its statuses in order, and how long it took. */
import type { Tracked, TrackedStatus } from "./tracker-link.ts";

export type ServiceState = "success" | "failed" | "processing" | "other";

export interface ServiceWork {
  /** `puptoo`, or `puptoo from inventory` where its source makes it one of several. */
  readonly title: string;
  readonly state: ServiceState;
  /** It reported a failure, whatever came behind that. */
  readonly hasFailed: boolean;
  /** The oldest first. */
  readonly statuses: readonly TrackedStatus[];
}

export interface ServiceTime extends ServiceWork {
  readonly seconds: number;
  /** The part of the time in all services, from 0 to 1. */
  readonly share: number;
}

/** The names of statuses that say that a service gave up. */
const FAILURES: ReadonlySet<string> = new Set(["error", "failed", "processing_error"]);
/** As the API names a source that a status does not have. */
const NO_SOURCE = "undefined";
/** Durations that are of no service. */
const TOTALS: ReadonlySet<string> = new Set(["total_time", "total_time_in_services"]);

export function isFailure({ status }: Pick<TrackedStatus, "status">): boolean {
  return FAILURES.has(status);
}

/** One for each service, in the order in which the payload came to them. */
export function worksOf(statuses: readonly TrackedStatus[]): ServiceWork[] {
  return grouped(statuses, ({ service }) => service).map(([title, of]) => workOf(title, of));
}

/**
 * One for each service and source, in the same order, with the times that the API gives. Those of which `data` has no
 * status come last, so that the shares are those of the whole time.
 */
export function timesOf({ data, duration }: Tracked): ServiceTime[] {
  const keyOf = ({ service, source = NO_SOURCE }: TrackedStatus): string => `${service}:${source}`;
  const shown = new Map(grouped(data, keyOf));
  const hidden = Object.keys(duration).filter((key) => !shown.has(key) && !TOTALS.has(key));
  const times = [...shown.keys(), ...hidden].map((key) => {
    const statuses = shown.get(key) ?? [];
    const { service = key.replace(/:undefined$/, ""), source } = statuses[0] ?? {};
    const title = source === undefined ? service : `${service} from ${source}`;
    return { ...workOf(title, statuses), seconds: parseDuration(duration[key]) ?? 0 };
  });
  const all = times.reduce((sum, { seconds }) => sum + seconds, 0);
  return times.map((time) => ({ ...time, share: all === 0 ? 0 : time.seconds / all }));
}

/** Whatever order they came in, the oldest first. */
export function byDate(statuses: readonly TrackedStatus[]): TrackedStatus[] {
  // Without the Z a text is in front of the one that it begins.
  const keyOf = ({ date }: TrackedStatus): string => date.replace(/Z$/, "");
  return statuses.toSorted((one, other) =>
    keyOf(one) < keyOf(other) ? -1 : keyOf(one) > keyOf(other) ? 1 : 0,
  );
}

/** How far a service is, in percent. */
export function progressOf(state: ServiceState): number {
  if (state === "success") return 100;
  return state === "processing" ? 50 : 25;
}

/** `00:00:05.625000` in seconds. */
export function parseDuration(text: string | undefined): number | undefined {
  const [, hours, minutes, seconds] = /^(\d+):(\d\d):(\d\d(?:\.\d+)?)$/.exec(text ?? "") ?? [];
  if (seconds === undefined) return undefined;
  return Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
}

function grouped(
  statuses: readonly TrackedStatus[],
  keyOf: (status: TrackedStatus) => string,
): [string, TrackedStatus[]][] {
  const groups = new Map<string, TrackedStatus[]>();
  for (const status of byDate(statuses)) {
    const key = keyOf(status);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [status]);
    else group.push(status);
  }
  return [...groups];
}

function workOf(title: string, statuses: readonly TrackedStatus[]): ServiceWork {
  const hasFailed = statuses.some(isFailure);
  return { title, statuses, hasFailed, state: stateOf(statuses, hasFailed) };
}

/** A service that had success once has it, whatever else it reported. */
function stateOf(statuses: readonly TrackedStatus[], hasFailed: boolean): ServiceState {
  if (statuses.some(({ status }) => status === "success")) return "success";
  if (hasFailed) return "failed";
  return statuses.some(({ status }) => status === "processing") ? "processing" : "other";
}
