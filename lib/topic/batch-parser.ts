/** Batches for one topic, from each of the forms in which a client may send them. Verified and whole, not yet appended. */
import { NetlogError } from "../base/errors.ts";
import { JsonError } from "../base/json.ts";
import { LONG_BYTES } from "../base/loop-share.ts";
import { FRAME_HEADER_BYTES } from "../log/frame.ts";
import type { Batch } from "../message/batch.ts";
import { parseBinaryBatch } from "../message/batch-binary.ts";
import { parseJsonBatch } from "../message/batch-json.ts";
import type { Offload } from "../message/compression.ts";
import { addMessage, cutJsonValues } from "../message/json-elements.ts";
import { LineCutter } from "../message/line-cutter.ts";
import { MESSAGE_HEADER_BYTES } from "../message/message.ts";
import { encodeGroup, MessageGroups } from "../message/message-groups.ts";
import { groupMessages } from "../message/new-batch.ts";
import type { NewMessage } from "../message/new-message.ts";
import type { Limits } from "./limits.ts";
import type { TopicSettings } from "./setting-table.ts";
import { type UnpackBudget, withUnpacked } from "./unpack-budget.ts";

/** Room in front of NetLog's own messages for the headers that make them a set and a frame, so that nobody copies. */
export const BATCH_HEADROOM_BYTES: number = FRAME_HEADER_BYTES + MESSAGE_HEADER_BYTES;

/** Headers of lines take about this part of them. */
const HEADERS_SHARE = 8;

export interface BatchParserOptions extends UnpackBudget {
  readonly settings: TopicSettings;
  readonly limits: Limits;
  readonly offload: Offload;
}

/** Lines that come in pieces, so that they are never held twice, as they were sent and as messages. */
export interface LineBatch {
  /** Copies what it needs of `piece`. @throws payload_too_large. */
  write(piece: Buffer): void;
  /** No more comes. @throws bad_request (there was no line), payload_too_large. */
  end(): Batch | Promise<Batch>;
}

export class BatchParser {
  readonly #options: BatchParserOptions;

  constructor(options: BatchParserOptions) {
    this.#options = options;
  }

  /** NetLog's own messages: see parseBinaryBatch. @throws also too_many_requests, when much is to be unpacked. */
  async parseMessages(body: Buffer, headroomBytes = 0): Promise<Batch> {
    const { limits, offload } = this.#options;
    const parse = () => parseBinaryBatch(body, offload, limits, headroomBytes);
    return await withUnpacked(body, this.#options, parse);
  }

  /** Messages one by one: see groupMessages. Packed as the topic's compression_type says. */
  async pack(messages: readonly NewMessage[]): Promise<Batch> {
    const { settings, limits, offload } = this.#options;
    const group = await groupMessages(messages, () => offload.pause(), limits);
    return await encodeGroup(group, settings.compression_type, offload, limits);
  }

  /** JSON: see parseJsonBatch. Packed as the topic's compression_type says. */
  async parseJson(body: Buffer): Promise<Batch> {
    const { settings, limits, offload } = this.#options;
    const group = await parseJsonBatch(body, () => offload.pause(), limits);
    return await encodeGroup(group, settings.compression_type, offload, limits);
  }

  /**
   * The values of a JSON body, each as it was sent: the elements of an array, or the one that the body is. Whether a value
   * is JSON is for the topic to say. Packed as the topic's compression_type says; `undefined`: the array is empty.
   *
   * @throws bad_request, payload_too_large.
   */
  async parseValues(body: Buffer): Promise<Batch | undefined> {
    const { settings, limits, offload } = this.#options;
    const groups = new MessageGroups({ messages: limits.batchMessages, bytes: Infinity });
    const take = (value: Buffer): void => {
      if (groups.totalCount === 1 && body.length > limits.batchBytes) throw tooLong(limits);
      addMessage(groups, value);
      checkCount(groups, limits);
    };
    try {
      await cutJsonValues(body, take, () => offload.pause());
    } catch (cause) {
      if (!(cause instanceof JsonError)) throw cause;
      throw new NetlogError("bad_request", { reason: `the body is ${cause.message}`, cause });
    }
    const group = groups.take();
    return group && (await encodeGroup(group, settings.compression_type, offload, limits));
  }

  /** Lines, to be written to what this gives; of `bytes` in all, where that is known. Packed as the topic's compression_type says. */
  openLines(bytes = 0): LineBatch {
    const { settings, limits, offload } = this.#options;
    const expectedBytes = bytes > LONG_BYTES ? bytes + Math.ceil(bytes / HEADERS_SHARE) : 0;
    const groups = new MessageGroups({
      messages: limits.batchMessages,
      bytes: Infinity,
      expectedBytes,
      mostBytes: limits.batchBytes + Math.ceil(limits.batchBytes / HEADERS_SHARE),
    });
    const cutter = new LineCutter(groups, limits.payloadBytes);
    return {
      write(piece) {
        cutter.write(piece);
        checkCount(groups, limits);
      },
      end() {
        cutter.end();
        checkCount(groups, limits);
        const group = groups.take();
        if (group === undefined) {
          throw new NetlogError("bad_request", { reason: "there is no line that is not empty" });
        }
        return encodeGroup(group, settings.compression_type, offload, limits);
      },
    };
  }
}

function tooLong({ batchBytes }: Limits): NetlogError {
  return new NetlogError("payload_too_large", { reason: `a batch has at most ${batchBytes} bytes` });
}

function checkCount(groups: MessageGroups, { batchMessages }: Limits): void {
  if (groups.groupCount < 2) return;
  throw new NetlogError("payload_too_large", { reason: `a batch has at most ${batchMessages} messages` });
}
