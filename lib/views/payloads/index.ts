/** The one door to the payload tracker's view: what server/views/payloads/ may use of it. */
export { durationsOf } from "./durations.ts";
export { LIMITS } from "./limits.ts";
export type { Comparison, Condition, ListRequest } from "./list.ts";
export {
  findPayload,
  listPayloads,
  listStatuses,
  ONE_PAYLOAD_SORTS,
  PAYLOAD_FILTERS,
  PAYLOAD_SORTS,
  type PayloadRow,
  STATUS_FILTERS,
  STATUS_SORTS,
  type StatusRow,
} from "./queries.ts";
export { keptRequestId, uuidDigits } from "./request-id.ts";
export { createPayloadsView } from "./view.ts";
