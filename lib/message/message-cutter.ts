/**
 * NetLog's own messages, coming in pieces of any size: singles one after another, each verified when it is whole.
 * A body that begins with a message set is that set and nothing else, as in a batch.
 */
import { NetlogError } from "../base/errors.ts";
import { describeFlaw, type Found } from "./flaw.ts";
import type { Limits } from "./limits.ts";
import {
  COMPRESSION_SINGLE,
  COMPRESSION_SNAPPY,
  decodeMessageHeader,
  headerFlaw,
  MESSAGE_HEADER_BYTES,
  MESSAGE_OVERHEAD_MAX_BYTES,
  messageFlaw,
  soundMessageEnd,
  UNSOUND,
} from "./message.ts";
import type { MessageGroups } from "./message-groups.ts";
import { requireAllowed } from "./sent-message.ts";

export class MessageCutter {
  readonly #groups: MessageGroups;
  readonly #limits: Limits;
  /** Byte place of the open message. */
  #messageStart = 0;
  #isSet = false;

  constructor(groups: MessageGroups, limits: Limits) {
    this.#groups = groups;
    this.#limits = limits;
  }

  /**
   * Copies `piece`. @throws bad_request, payload_too_large, with the message and its byte; the messages before are
   * whole.
   */
  write(piece: Buffer): void {
    const groups = this.#groups;
    groups.append(piece, 0, piece.length);
    while (!this.#isSet) {
      const { closedEnd } = groups;
      const messageEnd = soundMessageEnd(groups.view, closedEnd, groups.end);
      if (messageEnd === UNSOUND) break;
      const { bytes, view, totalCount } = groups;
      requireAllowed(bytes, view, closedEnd, messageEnd, this.#limits, totalCount, this.#messageStart);
      groups.close(messageEnd - closedEnd);
      this.#messageStart += messageEnd - closedEnd;
    }
    this.#checkOpen();
  }

  /**
   * No more comes. The set, where the body was one, still to be verified. @throws bad_request when the last message
   * is cut.
   */
  end(): Buffer | undefined {
    const { view, bytes, closedEnd, end, openBytes } = this.#groups;
    if (this.#isSet) return bytes.subarray(closedEnd, end);
    if (openBytes > 0) this.#refuse(messageFlaw(view, closedEnd, end, 0));
    return undefined;
  }

  /** The open message may not be whole yet; what is there of it has to be sound. */
  #checkOpen(): void {
    const { openBytes } = this.#groups;
    if (!this.#isSet && openBytes >= MESSAGE_HEADER_BYTES) this.#checkHeader();
    // A length is not believed before the bytes are there: it may point past the end of the body.
    if (openBytes > this.#openMaxBytes()) throw this.#tooLarge();
  }

  /** The message itself is checked when it is whole; so is the part of it that is its payload. */
  #openMaxBytes(): number {
    const { payloadBytes, batchBytes } = this.#limits;
    if (this.#isSet) return batchBytes;
    const { bytes, closedEnd } = this.#groups;
    const isPlain = bytes[closedEnd] === COMPRESSION_SINGLE;
    return (isPlain ? MESSAGE_HEADER_BYTES : MESSAGE_OVERHEAD_MAX_BYTES) + payloadBytes;
  }

  #checkHeader(): void {
    const { view, closedEnd, end, openBytes, totalCount } = this.#groups;
    const { version, compression, length } = decodeMessageHeader(view, closedEnd);
    const isSet = version <= 1 && compression > COMPRESSION_SINGLE && compression <= COMPRESSION_SNAPPY;
    if (isSet && totalCount > 0) {
      this.#refuse({ type: "unknown", expected: "a single message", actual: "a message set" });
    }
    const sizeBytes = MESSAGE_HEADER_BYTES + length;
    const flaw = headerFlaw(view, closedEnd, closedEnd + sizeBytes);
    if (flaw !== undefined) this.#refuse(flaw);
    this.#isSet = isSet;
    if (!isSet && sizeBytes <= openBytes) this.#refuse(messageFlaw(view, closedEnd, end, 0));
  }

  #refuse(found: Found): never {
    const { totalCount } = this.#groups;
    const reason = describeFlaw({ ...found, index: totalCount, position: this.#messageStart });
    throw new NetlogError("bad_request", { reason });
  }

  #tooLarge(): NetlogError {
    const { payloadBytes, batchBytes } = this.#limits;
    const what = this.#isSet
      ? `a message set has at most ${batchBytes} bytes`
      : `a payload has at most ${payloadBytes} bytes`;
    const reason = `message ${this.#groups.totalCount} at byte ${this.#messageStart}: ${what}`;
    return new NetlogError("payload_too_large", { reason });
  }
}
