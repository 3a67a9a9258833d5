/** `POST`: appends to a stream, closes it, or both. */
import {
  type Batch,
  isNetlogError,
  NetlogError,
  type ProducerStamp,
  type Published,
  type Topic,
} from "../../lib/index.ts";
import { type Answer, emptyAnswer } from "../http/answer.ts";
import { freeBody } from "../http/body-buffer.ts";
import type { Exchange } from "../http/exchange.ts";
import { badRequest, HttpError } from "../wire/errors.ts";
import { CLOSED, tailHeaders } from "./answers.ts";
import { readStreamTerms, type StreamTerms } from "./append-terms.ts";
import { formatMessagePlace } from "./place.ts";
import { isJson, isSameType, typeOf } from "./stream-type.ts";

export async function appendToStream(exchange: Exchange): Promise<Answer> {
  const topic = exchange.requireTopic();
  const { request, context } = exchange;
  const terms = readStreamTerms(request);
  topic.judge.requireSound(terms);
  const body = await request.takeBody();
  const isSmall = body.length <= context.limits.uncountedBytes;
  try {
    if (body.length === 0) return await closeStream(exchange, topic, terms);
    const contentType = request.header("content-type")?.trim() ?? "";
    if (contentType === "") throw badRequest("Content-Type is missing; send that of the stream");
    if (topic.isClosed) return answerOfClosed(topic, terms);
    if (!isSameType(contentType, typeOf(topic))) throw mismatch(topic);
    const published = isJson(topic)
      ? await appendValues(topic, body, terms)
      : await appendBytes(exchange, topic, body, isSmall, terms);
    return published === undefined
      ? answerOfDuplicate(exchange, topic, terms)
      : answerOf(exchange, topic, published, terms);
  } finally {
    if (!isSmall) freeBody(body);
  }
}

/** What was appended, and how many messages that was. */
interface Appended {
  readonly published: Published;
  readonly count: number;
}

async function appendBytes(
  { request }: Exchange,
  topic: Topic,
  payload: Buffer,
  isSmall: boolean,
  terms: StreamTerms,
): Promise<Appended> {
  const isInPlaceAtOnce = hasNone(terms) || topic.judge.isReadyFor(terms);
  const publishing = topic.publish({ payload }, terms);
  if (isSmall && isInPlaceAtOnce) request.letNextBegin();
  return { published: await publishing, count: 1 };
}

function hasNone({ producer, streamSequence, closes }: StreamTerms): boolean {
  return producer === undefined && streamSequence === undefined && !closes;
}

/** `undefined`: it was a duplicate. The number of a producer is looked at before the values are. */
async function appendValues(topic: Topic, body: Buffer, terms: StreamTerms): Promise<Appended | undefined> {
  try {
    const batch = await parseValues(topic, body);
    return { published: await topic.publishBatch(batch, terms), count: batch.count };
  } catch (error) {
    if (hasNone(terms) || !isNetlogError(error, "bad_request")) throw error;
    if (await topic.judge.isDuplicate(terms)) return undefined;
    throw error;
  }
}

async function parseValues(topic: Topic, body: Buffer): Promise<Batch> {
  const batch = await topic.batches.parseValues(body);
  if (batch !== undefined) return batch;
  throw badRequest("the array is empty; an append has at least one value");
}

/** The body is empty. @throws bad_request: then the request asks for nothing. */
async function closeStream(exchange: Exchange, topic: Topic, terms: StreamTerms): Promise<Answer> {
  const { producer, closes } = terms;
  if (!closes)
    throw badRequest("the body is empty; append at least one byte, or close with Stream-Closed: true");
  if (producer !== undefined && !topic.isClosed && (await topic.judge.isDuplicate({ producer }))) {
    return answerOfDuplicate(exchange, topic, terms);
  }
  await topic.closeForGood(producer);
  return emptyAnswer(204, [...tailHeaders(topic), ...producerHeaders(topic, producer)]);
}

/** The same closing append again gets the answer of the first. @throws topic_closed. */
function answerOfClosed(topic: Topic, { producer, closes }: StreamTerms): Answer {
  if (closes && producer !== undefined && topic.judge.hasClosed(producer)) {
    return emptyAnswer(204, [...tailHeaders(topic), ...producerHeaders(topic, producer)]);
  }
  throw new NetlogError("topic_closed", { details: { nextOffset: topic.readableEnd } });
}

function answerOf(
  exchange: Exchange,
  topic: Topic,
  { published, count }: Appended,
  { producer, closes }: StreamTerms,
): Answer {
  if (published.isDuplicate === true) {
    const behind = published.offset < 0 ? undefined : published.offset + (published.count ?? 1);
    return answerOfDuplicate(exchange, topic, { producer, closes }, behind);
  }
  const headers = ["Stream-Next-Offset", formatMessagePlace(published.offset + count)];
  if (closes) headers.push(...CLOSED);
  if (producer === undefined) return emptyAnswer(204, headers);
  headers.push("Producer-Epoch", String(producer.epoch), "Producer-Seq", String(producer.seq));
  return emptyAnswer(200, headers);
}

/** `behind` is where the original ends, as long as that is remembered. */
function answerOfDuplicate(
  { context }: Exchange,
  topic: Topic,
  { producer }: Pick<StreamTerms, "producer" | "closes">,
  behind: number = topic.readableEnd,
): Answer {
  context.traffic.duplicates += 1;
  const headers = ["Stream-Next-Offset", formatMessagePlace(behind)];
  if (topic.isClosed) headers.push(...CLOSED);
  return emptyAnswer(204, [...headers, ...producerHeaders(topic, producer)]);
}

/** With the highest number that the producer has reached: later ones may have been faster. */
function producerHeaders(topic: Topic, producer: ProducerStamp | undefined): string[] {
  if (producer === undefined) return [];
  const seq = topic.judge.lastSeqOf(producer.id) ?? producer.seq;
  return ["Producer-Epoch", String(producer.epoch), "Producer-Seq", String(seq)];
}

function mismatch(topic: Topic): HttpError {
  const reason = `the stream holds ${typeOf(topic)}, and nothing was stored; send that Content-Type`;
  return new HttpError("content_type_mismatch", { reason });
}
