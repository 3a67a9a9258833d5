/** What is taken up of the server's limits at the moment, by all clients together. */
import { ByteBudget, type Limits } from "../lib/index.ts";

export class Occupancy {
  /** Bodies and answers in memory. */
  readonly bytes: ByteBudget;
  /** Requests that wait for a message. */
  waitingCount = 0;

  constructor(limits: Limits) {
    this.bytes = new ByteBudget(limits.bytesInFlight);
  }
}
