/** A process whose view another process runs: it watches how far that is, for those who wait, until it may take over. */
import type { Runtime } from "../index.ts";
import type { AppliedWaits } from "./applied-waits.ts";
import type { Close, Database, Writer } from "./database/database.ts";
import { isDatabaseError } from "./database/database-error.ts";
import type { Limits } from "./limits.ts";
import { pause } from "./patience.ts";
import { loadPlaces, type Place } from "./places.ts";
import { channelOf } from "./view-session.ts";

export interface StandbyOptions {
  readonly viewName: string;
  readonly database: Database;
  readonly waits: AppliedWaits;
  readonly limits: Limits;
  readonly runtime: Runtime;
  readonly onPlace: (place: Place) => void;
}

const NOTICE = /^(\d+) (.*)$/s;

/** Gives the writer once it can be had; `undefined`: the signal was aborted. @throws DatabaseError. */
export async function standBy(options: StandbyOptions, signal: AbortSignal): Promise<Writer | undefined> {
  const { viewName, database, waits, limits, runtime, onPlace } = options;
  let wake = new AbortController();
  let isListening = true;
  const hear = (text: string): void => {
    const [, next, topic] = NOTICE.exec(text) ?? [];
    if (next !== undefined && topic !== undefined) waits.note(topic, Number(next));
  };
  const deafen = (): void => {
    isListening = false;
    wake.abort();
  };
  const wakeUp = (): void => wake.abort();
  waits.onWait = wakeUp;
  // One listener, since the signal lives as long as the program: AbortSignal.any would leave something there each time.
  signal.addEventListener("abort", wakeUp);
  let close: Close | undefined;
  try {
    close = await database.listen(channelOf(viewName), hear, deafen).catch(() => undefined);
    if (close === undefined) isListening = false;
    for (let lookedMs = runtime.elapsedMs(); !signal.aborted; ) {
      wake = new AbortController();
      for (const place of await placesOf(options)) onPlace(place);
      const isUrgent = !(waits.isEmpty || isListening);
      await pause(runtime, isUrgent ? limits.placeMs : limits.lookMs, wake.signal);
      if (runtime.elapsedMs() - lookedMs < limits.lookMs) continue;
      lookedMs = runtime.elapsedMs();
      const writer = await database.openWriter(viewName);
      if (writer !== undefined) return writer;
    }
    return undefined;
  } finally {
    waits.onWait = () => {};
    signal.removeEventListener("abort", wakeUp);
    await close?.();
  }
}

/** None before the other process has made its tables, or where it is an older program, whose tables lack a column. */
async function placesOf({ database, viewName }: StandbyOptions): Promise<readonly Place[]> {
  try {
    return [...(await loadPlaces(database.reads(viewName), viewName)).values()];
  } catch (error) {
    if (isDatabaseError(error, "42P01", "42703", "3F")) return [];
    throw error;
  }
}
