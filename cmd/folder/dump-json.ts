/** Records of a dump as JSON. */
import type { DumpRecord } from "../../lib/index.ts";

/** The record as it is, with bytes as hexadecimal: as arrays of numbers nobody could read them. */
export function dumpJson(record: DumpRecord): string {
  return JSON.stringify(record, function (key, value: unknown) {
    // A Buffer has turned itself into something else by the time it comes here.
    const field: unknown = (this as Record<string, unknown>)[key];
    return Buffer.isBuffer(field) ? field.toString("hex") : value;
  });
}
