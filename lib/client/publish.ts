/** What a publish takes and gives, and how it goes to the server. */
import { type BatchCompression, encodeBatch, type PackedMessage, payloadOf } from "./batch-encoding.ts";
import type { Call } from "./connection.ts";
import { invalidArgument } from "./errors.ts";
import { type MessageFields, requestHeaders } from "./fields.ts";
import { requireNumber } from "./headers.ts";
import type { RetryOption } from "./retry.ts";
import type { CallOptions, Session } from "./session.ts";
import type { Durability } from "./wire.ts";

/** What publish and publishBatch take. */
export interface AppendOptions extends CallOptions, RetryOption {
  /** How safe the message is when it is answered; as the topic is set when it is left out. */
  readonly durability?: Durability | undefined;
}

export interface PublishOptions extends AppendOptions, MessageFields {}

export interface PublishBatchOptions extends AppendOptions {
  /** `none` by default. A gzipped batch is kept gzipped. */
  readonly compression?: BatchCompression | undefined;
}

export interface Published {
  /** Of the message, or of the first one of a batch. */
  readonly offset: number;
  /** What was reached. */
  readonly durability: Durability;
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
  };
}

const MESSAGES_TYPE = "application/vnd.netlog.messages";
/** As the type of a request for one message the server takes it for none, since curl sends it by itself. */
const FORM_TYPE = /^application\/x-www-form-urlencoded\b/i;

/** @throws invalid_argument; what the call does. */
export async function publishOne(
  session: Session,
  topicName: string,
  message: PackedMessage,
  options: AppendOptions,
): Promise<Published> {
  const fields = "fields" in message ? message.fields : undefined;
  if (FORM_TYPE.test(fields?.contentType ?? ""))
    return await publishMany(session, topicName, [message], options);
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

/** Sends one append, and repeats it as its options allow. */
async function append(
  session: Session,
  { durability, retry = "undone", signal }: AppendOptions,
  message: Pick<Call, "path" | "body" | "contentType" | "headers">,
): Promise<Headers> {
  const call: Call = { ...message, method: "POST", query: { durability }, signal };
  return (await session.call(call, retry)).headers;
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
