/** What comes through a pipe, cut into messages and gathered into batches: lines, or NetLog's own messages. */

import type { Limits } from "../base/limits.ts";
import type { Batch } from "../message/batch.ts";
import type { Offload } from "../message/compression.ts";
import { LineCutter } from "../message/line-cutter.ts";
import { COMPRESSION_NONE } from "../message/message.ts";
import { MessageCutter } from "../message/message-cutter.ts";
import { encodeGroup, MessageGroups } from "../message/message-groups.ts";
import type { BatchParser } from "./batch-parser.ts";
import type { TopicSettings } from "./setting-table.ts";

export interface StreamCutter {
  /** Bytes of whole messages that were not taken. */
  readonly waitingBytes: number;
  /** Bytes of the message that is not whole yet. */
  readonly openBytes: number;
  /** Copies what it needs of `piece`. @throws bad_request, payload_too_large; what is whole can be taken still. */
  write(piece: Buffer): void;
  /** No more comes. @throws as write does. */
  end(): void;
  /** The next batch of messages that are whole; `undefined` when there are none. */
  take(): Batch | Promise<Batch> | undefined;
}

export interface StreamCutterOptions {
  readonly settings: TopicSettings;
  readonly limits: Limits;
  readonly offload: Offload;
  readonly parser: BatchParser;
}

/** A message a line; packed as the topic's compression_type says. */
export function openLineCutter({ settings, limits, offload }: StreamCutterOptions): StreamCutter {
  const groups = newGroups(limits);
  const cutter = new LineCutter(groups, limits.payloadBytes);
  return {
    get waitingBytes() {
      return groups.waitingBytes;
    },
    get openBytes() {
      return groups.openBytes;
    },
    write: (piece) => cutter.write(piece),
    end: () => cutter.end(),
    take() {
      const group = groups.take();
      return group && encodeGroup(group, settings.compression_type, offload, limits);
    },
  };
}

/** Singles in sets of compression 1, as they came; or one set, which is kept as it is. */
export function openMessageCutter({ limits, offload, parser }: StreamCutterOptions): StreamCutter {
  const groups = newGroups(limits);
  const cutter = new MessageCutter(groups, limits);
  let set: Buffer | undefined;
  return {
    get waitingBytes() {
      return groups.waitingBytes;
    },
    get openBytes() {
      return groups.openBytes;
    },
    write: (piece) => cutter.write(piece),
    end() {
      set = cutter.end();
    },
    take() {
      if (set !== undefined) {
        const body = set;
        set = undefined;
        return parser.parseMessages(body);
      }
      const group = groups.take();
      return group && encodeGroup(group, COMPRESSION_NONE, offload, limits);
    },
  };
}

function newGroups({ batchMessages, streamInBytes }: Limits): MessageGroups {
  return new MessageGroups({ messages: batchMessages, bytes: streamInBytes });
}
