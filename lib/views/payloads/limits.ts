/** The caps of the payload tracker. */
import { KiB } from "../../index.ts";

export interface Limits {
  /** Bytes of each text of a message that is looked up: ids, service, source, status. An index takes no more than 2,700. */
  readonly fieldBytes: number;
  /** Bytes of a status_msg. */
  readonly statusMsgBytes: number;
  /** Levels of arrays and objects of a message. */
  readonly jsonDepth: number;
  /** Rows of one page of a list. */
  readonly pageSize: number;
  /** Statuses that the answer for one payload lists; durations count all of them. */
  readonly payloadStatuses: number;
  /** Names of services, sources and statuses that a view remembers, of each. */
  readonly knownNames: number;
}

export const LIMITS: Limits = {
  fieldBytes: KiB,
  statusMsgBytes: 64 * KiB,
  jsonDepth: 64,
  pageSize: 1000,
  payloadStatuses: 1000,
  knownNames: 10_000,
};
