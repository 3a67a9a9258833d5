/** What a list of messages shows: messages, and what is missing between them. */
import type { Message } from "../../../../lib/client/index.ts";

export type Row =
  | { readonly kind: "message"; readonly offset: number; readonly message: Message }
  /** Retention dropped `count` messages before they were read. */
  | { readonly kind: "skipped"; readonly offset: number; readonly count: number }
  /** The server cannot read `count` messages: their file is damaged. */
  | { readonly kind: "damaged"; readonly offset: number; readonly count: number };

/** What a row costs beside its payload; a guess that keeps ten thousand small rows from costing nothing. */
const ROW_BYTES = 256;

export function bytesOfRow(row: Row): number {
  return row.kind === "message" ? ROW_BYTES + row.message.payload.length : ROW_BYTES;
}

export function rowOf(message: Message): Row {
  return { kind: "message", offset: message.offset, message };
}
