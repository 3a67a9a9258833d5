/** The messages of one entry, verified: one buffer and where in it each begins. Made by message-set.ts alone. */
import { decodeFields, decodeKeyField, type EntryFields } from "./fields.ts";
import { fieldBytesAt, messageEnd, payloadCrc32, payloadStart } from "./message.ts";

const FIRST = new Uint32Array(1);
/** The objects around the bytes, for a cache's accounting; a round figure. */
const OVERHEAD_BYTES = 256;

export class UnpackedEntry {
  readonly #messages: Buffer;
  readonly #view: DataView;
  readonly #positions: Uint32Array;

  constructor(messages: Buffer, view: DataView, positions: Uint32Array) {
    this.#messages = messages;
    this.#view = view;
    this.#positions = positions;
  }

  static single(message: Buffer, view: DataView): UnpackedEntry {
    return new UnpackedEntry(message, view, FIRST);
  }

  get count(): number {
    return this.#positions.length;
  }

  /** Memory that this keeps alive, save for what else lies in the buffer of which it may be a view. */
  get sizeBytes(): number {
    return this.#messages.length + this.#positions.byteLength + OVERHEAD_BYTES;
  }

  /** Payload of message `index`, 0 <= index < count: a view, never to be changed, which keeps all of it alive. */
  payload(index: number): Buffer {
    const position = this.#positions[index]!;
    return this.#messages.subarray(payloadStart(this.#view, position), messageEnd(this.#view, position));
  }

  /** Bytes of message `index`, header and fields included. */
  sizeOf(index: number): number {
    const position = this.#positions[index]!;
    return messageEnd(this.#view, position) - position;
  }

  /** CRC-32 of payload `index`. */
  crc32(index: number): number {
    return payloadCrc32(this.#view, this.#positions[index]!);
  }

  /** The fields of message `index` as they lie there: a view. `undefined`: it has none. */
  fieldBytes(index: number): Buffer | undefined {
    return fieldBytesAt(this.#messages, this.#view, this.#positions[index]!);
  }

  fields(index: number): EntryFields | undefined {
    const bytes = this.fieldBytes(index);
    return bytes === undefined ? undefined : decodeFields(bytes);
  }

  /** The key alone: cheaper than all fields. */
  key(index: number): string | undefined {
    const bytes = this.fieldBytes(index);
    return bytes === undefined ? undefined : decodeKeyField(bytes);
  }
}
