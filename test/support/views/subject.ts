/** What the suite of all views has to know of one. */
import type { NewMessage } from "../../../lib/index.ts";
import type { Reads } from "../../../lib/views/database/database.ts";
import type { View } from "../../../lib/views/view.ts";

export interface ViewSubject {
  /** Its retention is a day or more. */
  createView(): View<unknown>;
  /** The one topic that it reads. */
  readonly topic: string;
  /** The payload of a good message; each number has another one. */
  payload(number: number): string;
  readonly malformed: string;
  readonly malformedReason: string;
  /** What deletes rows from before a time, where the view goes by its messages alone; the clock does otherwise. */
  clean?(beforeMs: number): NewMessage;
  /** What `countRows` gives behind so many good messages, with the numbers from 0 on. */
  rowsOf(messageCount: number): number;
  /** All that its tables hold, but for serial ids and ids of topics: equal for equal logs. */
  fingerprint(reads: Reads): Promise<unknown>;
}
