/** What a publish takes and gives, and how it goes to the server. */
import { type BatchCompression, encodeBatch, type PackedMessage, payloadOf } from "./batch-encoding.ts";
import type { Call } from "./connection.ts";
import { invalidArgument } from "./errors.ts";
import { type MessageFields, requestHeaders } from "./fields.ts";
import { headerFlag, requireNumber } from "./headers.ts";
import type { RetryOption } from "./retry.ts";
import { randomUuid } from "./runtime.ts";
import { type CallOptions, type Session, untilTimeIsOver } from "./session.ts";
import type { Durability } from "./wire.ts";

export interface OnceOption {
  /**
   * True: it is sent again also when the answer was lost, or the server restarted, and is stored once: the server knows
   * it by a random key for as long as the topic's `idempotency_window`, 10 minutes by default.
   */
  readonly exactlyOnce?: boolean | undefined;
}

/** What publish and publishBatch take. */
export interface AppendOptions extends CallOptions, RetryOption, OnceOption {
  /** How safe the message is when it is answered; as the topic is set when it is left out. */
  readonly durability?: Durability | undefined;
  /**
   * The caller's own key in place of a random one, 1 to 255 visible ASCII characters: so it is stored once also when
   * the caller itself starts anew. The same key with another content is `idempotency_mismatch`.
   */
  readonly idempotencyKey?: string | undefined;
  /** Stored only if it becomes the message of this offset, or the first of a batch does; else `offset_mismatch`. */
  readonly expectedOffset?: number | undefined;
  /** True: closes the topic with it, in one step. */
  readonly close?: boolean | undefined;
}

export interface PublishOptions extends AppendOptions, MessageFields {}

export interface PublishBatchOptions extends AppendOptions {
  /** `none` by default. A gzipped batch is kept gzipped. */
  readonly compression?: BatchCompression | undefined;
}

export interface Published {
  /** The offset of the message, or of a batch's first one. */
  readonly offset: number;
  /** What was reached. */
  readonly durability: Durability;
  /** It was stored already, by an earlier call or try with the same key; this is the answer it got. */
  readonly isDuplicate: boolean;
}

export interface PublishedBatch extends Published {
  readonly count: number;
}

/** As the headers of its answer tell. */
function publishedOf(headers: Headers): Published {
  const durability = headers.get("X-Durability");
  return {
    offset: requireNumber(headers, "X-Offset"),
    durability: durability === "written" ? "written" : "synced",
    isDuplicate: headerFlag(headers, "X-Duplicate"),
  };
}

const MESSAGES_TYPE = "application/vnd.netlog.messages";
const IDEMPOTENCY_KEY = /^[!-~]{1,255}$/;

/** @throws invalid_argument; what the call does. */
export async function publishOne(
  session: Session,
  topicName: string,
  message: PackedMessage,
  options: AppendOptions,
): Promise<Published> {
  const fields = "fields" in message ? message.fields : undefined;
  const headers = fields === undefined ? undefined : requestHeaders(fields);
  const call = { path: [topicName, "payload"], body: payloadOf(message), headers };
  return publishedOf(await append(session, options, call));
}

/** As publishOne. */
export async function publishMany(
  session: Session,
  topicName: string,
  messages: readonly PackedMessage[],
  options: PublishBatchOptions,
): Promise<PublishedBatch> {
  const body = encodeBatch(messages, options.compression ?? "none");
  const path = [topicName, "batch"];
  const headers = await append(session, options, { path, body, contentType: MESSAGES_TYPE });
  return { ...publishedOf(headers), count: requireNumber(headers, "X-Count") };
}

/**
 * Sends one append, and repeats it as its options allow. Conditions go as headers: a server from before passes them
 * over, and it would refuse parameters.
 *
 * @throws invalid_argument; what the call does.
 */
async function append(
  session: Session,
  { durability, exactlyOnce, idempotencyKey, expectedOffset, close, retry, signal }: AppendOptions,
  message: Pick<Call, "path" | "body" | "contentType" | "headers">,
): Promise<Headers> {
  const key = idempotencyKey ?? (exactlyOnce === true ? randomUuid() : undefined);
  if (key !== undefined && !(typeof key === "string" && IDEMPOTENCY_KEY.test(key))) {
    throw invalidArgument("idempotencyKey takes 1 to 255 visible ASCII characters");
  }
  if (expectedOffset !== undefined && !(Number.isSafeInteger(expectedOffset) && expectedOffset >= 0)) {
    throw invalidArgument(`expectedOffset is ${String(expectedOffset)}; it takes a whole number from 0 on`);
  }
  const headers = {
    ...message.headers,
    ...(key === undefined ? {} : { "Idempotency-Key": key }),
    ...(expectedOffset === undefined ? {} : { "X-Expected-Offset": String(expectedOffset) }),
  };
  const query = { durability, close: close === true ? true : undefined };
  const call: Call = { ...message, method: "POST", query, headers, signal };
  const reply =
    key === undefined
      ? await session.call(call, retry ?? "undone")
      : await untilTimeIsOver(session).call(
          call,
          retry === undefined || retry === "always" ? "recognized" : retry,
        );
  return reply.headers;
}

/** For plain JavaScript, where an option of another call would be passed over. @throws invalid_argument. */
export function refuseOptions(
  options: object,
  call: string,
  names: readonly string[],
  instead: string,
): void {
  const name = names.find((each) => (options as Readonly<Record<string, unknown>>)[each] !== undefined);
  if (name !== undefined) throw invalidArgument(`${call} takes no ${name}; ${instead}`);
}
