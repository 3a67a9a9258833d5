/**
 * What stands before a topic whose content type is application/json: it lets only messages in whose payload is JSON.
 * Other topics have none.
 */
import { NetlogError } from "../base/errors.ts";
import { JsonError } from "../base/json.ts";
import { JsonWalk } from "../base/json-walk.ts";
import { MESSAGE_WORK_BYTES, PIECE_WORK_BYTES } from "../base/loop-share.ts";
import type { Batch } from "../message/batch.ts";
import type { Offload } from "../message/compression.ts";
import { mediaTypeOf } from "../message/field-rules.ts";
import { COMPRESSION_NONE } from "../message/message.ts";
import { encodeGroup, firstOfGroup, type MessageGroup } from "../message/message-groups.ts";
import { unpackEntry } from "../message/message-set.ts";
import type { UnpackedEntry } from "../message/unpacked-entry.ts";
import type { Limits } from "./limits.ts";
import type { TopicSettings } from "./setting-table.ts";
import { type UnpackBudget, withUnpacked } from "./unpack-budget.ts";

export interface JsonGateOptions extends UnpackBudget {
  readonly limits: Limits;
  readonly offload: Offload;
}

/** Messages up to the first that is no JSON, and what is wrong with that one. */
export interface SoundStart {
  /** `undefined`: there is none before it. */
  readonly group: MessageGroup | undefined;
  readonly refusal: NetlogError | undefined;
}

export class JsonGate {
  readonly #options: JsonGateOptions;

  constructor(options: JsonGateOptions) {
    this.#options = options;
  }

  /** `undefined`: the topic takes any bytes. */
  static of({ content_type }: TopicSettings, options: JsonGateOptions): JsonGate | undefined {
    return isJsonType(content_type) ? new JsonGate(options) : undefined;
  }

  /** A promise only for what is long: short messages keep their order. @throws bad_request, at once or by rejecting. */
  checkPayload(payload: Uint8Array): Promise<void> | undefined {
    const walk = this.#walk(payload, "the payload");
    return walk.advance() ? this.#goOn(walk) : undefined;
  }

  /** @throws bad_request, which names the message, from 0; too_many_requests, when much is to be unpacked. */
  async checkBatch({ entry, count }: Batch): Promise<void> {
    const { limits, offload } = this.#options;
    await withUnpacked(entry, this.#options, async () => {
      const { refusal } = await this.#firstRefused(await unpackEntry(entry, count, offload, limits), 0);
      if (refusal !== undefined) throw refusal;
    });
  }

  /** The group is the caller's no more. The refusal counts messages from `firstIndex`. */
  async soundStart(group: MessageGroup, firstIndex: number): Promise<SoundStart> {
    const { limits, offload } = this.#options;
    const { entry, count } = await encodeGroup(group, COMPRESSION_NONE, offload, limits);
    const unpacked = await unpackEntry(entry, count, offload, limits);
    const { index, refusal } = await this.#firstRefused(unpacked, firstIndex);
    let sizeBytes = 0;
    for (let i = 0; i < index; i++) sizeBytes += unpacked.sizeOf(i);
    return { group: index === 0 ? undefined : firstOfGroup(group, index, sizeBytes), refusal };
  }

  async #firstRefused(
    entry: UnpackedEntry,
    firstIndex: number,
  ): Promise<{ readonly index: number; readonly refusal: NetlogError | undefined }> {
    let workBytes = 0;
    for (let index = 0; index < entry.count; index++) {
      const payload = entry.payload(index);
      try {
        const walk = this.#walk(payload, `message ${firstIndex + index}`);
        if (walk.advance()) await this.#goOn(walk);
      } catch (error) {
        if (error instanceof NetlogError) return { index, refusal: error };
        throw error;
      }
      workBytes += payload.length + MESSAGE_WORK_BYTES;
      if (workBytes < PIECE_WORK_BYTES) continue;
      workBytes = 0;
      await this.#options.offload.pause();
    }
    return { index: entry.count, refusal: undefined };
  }

  #walk(payload: Uint8Array, what: string): JsonPieces {
    return walkOf(payload, what, this.#options.limits);
  }

  async #goOn(walk: JsonPieces): Promise<void> {
    do await this.#options.offload.pause();
    while (walk.advance());
  }
}

/** With parameters or without. */
export function isJsonType(contentType: string | undefined): boolean {
  return contentType !== undefined && mediaTypeOf(contentType) === "application/json";
}

interface JsonPieces {
  advance(): boolean;
}

/** A walk whose failures say which message it is. */
function walkOf(payload: Uint8Array, what: string, { payloadJsonDepth }: Limits): JsonPieces {
  const walk = new JsonWalk(payload, payloadJsonDepth);
  return {
    advance() {
      try {
        return walk.advance(PIECE_WORK_BYTES);
      } catch (cause) {
        if (!(cause instanceof JsonError)) throw cause;
        const reason = `${what} is ${cause.message}; this topic takes application/json alone (its content_type)`;
        throw new NetlogError("bad_request", { reason, cause });
      }
    },
  };
}
