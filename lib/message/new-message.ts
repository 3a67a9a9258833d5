/** A message on its way in: what a client publishes, before it has an offset. */
export interface NewMessage {
  /** At least one byte. */
  readonly payload: Uint8Array;
}
