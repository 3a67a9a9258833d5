/** What is taken up of the server's limits at the moment, by all clients together. */
import { ByteBudget } from "../../lib/index.ts";
import type { Limits } from "./limits.ts";
import { SharedPayloads } from "./shared-payloads.ts";

export class Occupancy {
  /** Bodies and answers in memory. */
  readonly bytes: ByteBudget;
  /** Those that answers are being made of. */
  readonly payloads: SharedPayloads;
  /** Requests that wait for a message. */
  waitingCount = 0;

  constructor(limits: Limits) {
    this.bytes = new ByteBudget(limits.bytesInFlight);
    this.payloads = new SharedPayloads(this.bytes);
  }
}
