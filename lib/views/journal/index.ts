/** The one door to the journal's view: what server/views/journal/ may use of it. */
export { type ClientHour, findHours } from "./client-hours.ts";
export { type EntityKind, isEntityKind } from "./entities.ts";
export { LIMITS } from "./limits.ts";
export {
  type ClientTelemetry,
  findTelemetry,
  type Journal,
  type JournalRequest,
  listJournals,
  PageTooLarge,
} from "./queries.ts";
export type { TelemetryNotes } from "./telemetry.ts";
export { createJournalView, type JournalOptions } from "./view.ts";
