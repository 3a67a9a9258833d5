/** What comes through a pipe, cut into messages and gathered into batches: lines, or NetLog's own messages. */
import type { NetlogError } from "../base/errors.ts";
import type { Batch } from "../message/batch.ts";
import type { Offload } from "../message/compression.ts";
import { LineCutter } from "../message/line-cutter.ts";
import { COMPRESSION_NONE } from "../message/message.ts";
import { MessageCutter } from "../message/message-cutter.ts";
import { encodeGroup, type MessageGroup, MessageGroups } from "../message/message-groups.ts";
import type { BatchParser } from "./batch-parser.ts";
import type { JsonGate } from "./json-gate.ts";
import type { Limits } from "./limits.ts";
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
  /** The gate of a JSON topic. */
  readonly gate: JsonGate | undefined;
}

/** Lets groups through a topic's gate, one after the other. From the first message that is refused on there are none. */
class GatedGroups {
  readonly #groups: MessageGroups;
  readonly #gate: JsonGate;
  #takenCount = 0;
  #refusal: NetlogError | undefined;

  constructor(groups: MessageGroups, gate: JsonGate) {
    this.#groups = groups;
    this.#gate = gate;
  }

  take(encode: (group: MessageGroup) => Batch | Promise<Batch>): Promise<Batch> | undefined {
    if (this.#refusal !== undefined) return Promise.reject(this.#refusal);
    const group = this.#groups.take();
    return group && this.#pass(group, encode);
  }

  async #pass(group: MessageGroup, encode: (group: MessageGroup) => Batch | Promise<Batch>): Promise<Batch> {
    const firstIndex = this.#takenCount;
    this.#takenCount += group.count;
    const sound = await this.#gate.soundStart(group, firstIndex);
    this.#refusal = sound.refusal;
    if (sound.group === undefined) throw sound.refusal;
    return await encode(sound.group);
  }
}

/** What gives the batches of `groups`, through the gate where there is one. */
function takerOf(
  groups: MessageGroups,
  gate: JsonGate | undefined,
  encode: (group: MessageGroup) => Batch | Promise<Batch>,
): () => Batch | Promise<Batch> | undefined {
  if (gate === undefined) {
    return () => {
      const group = groups.take();
      return group && encode(group);
    };
  }
  const gated = new GatedGroups(groups, gate);
  return () => gated.take(encode);
}

/** A message a line; packed as the topic's compression_type says. */
export function openLineCutter({ settings, limits, offload, gate }: StreamCutterOptions): StreamCutter {
  const groups = newGroups(limits);
  const take = takerOf(groups, gate, (group) =>
    encodeGroup(group, settings.compression_type, offload, limits),
  );
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
    take,
  };
}

/** Singles in sets of compression 1, as they came; or one set, which is kept as it is. */
export function openMessageCutter({ limits, offload, parser, gate }: StreamCutterOptions): StreamCutter {
  const groups = newGroups(limits);
  const take = takerOf(groups, gate, (group) => encodeGroup(group, COMPRESSION_NONE, offload, limits));
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
        return gate === undefined ? parser.parseMessages(body) : parseChecked(parser, gate, body);
      }
      return take();
    },
  };
}

async function parseChecked(parser: BatchParser, gate: JsonGate, body: Buffer): Promise<Batch> {
  const batch = await parser.parseMessages(body);
  await gate.checkBatch(batch);
  return batch;
}

function newGroups({ batchMessages, streamInBytes, payloadBytes }: Limits): MessageGroups {
  const mostBytes = streamInBytes + payloadBytes;
  return new MessageGroups({ messages: batchMessages, bytes: streamInBytes, mostBytes });
}
