/** The caps of all topics together. */
import { MiB } from "../base/limits.ts";
import type { Limits as TopicLimits } from "../topic/limits.ts";

export class NetlogCaps {
  /** Topics, those that cannot be served included. */
  readonly topics: number = 10_000;
  /**
   * Memory for requests that are not over, of all clients together: of bodies that came in, and of answers that are not
   * taken yet. Payloads on their way to the disk have a budget of the same size.
   */
  readonly bytesInFlight: number = 256 * MiB;
  /** Message sets packed or unpacked off the event loop at a time. */
  readonly offloadedWork: number = 16;
}

/** What lib/netlog is handed. */
export interface Limits extends TopicLimits, NetlogCaps {}
