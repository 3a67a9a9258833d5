/**
 * The handler of streams in: messages of any number in one body, committed while they arrive. The connection may be
 * silent for as long as it likes; while the disk is behind, nothing is read from it.
 */

import type { StreamIn } from "../../lib/index.ts";
import { formatParameter, readBodyFormat } from "../formats/body-format.ts";
import type { FormatName } from "../formats/formats.ts";
import { isStillAdmitted } from "../http/admission.ts";
import type { Answer } from "../http/answer.ts";
import { type BodySource, cutOff } from "../http/body-source.ts";
import type { Exchange } from "../http/exchange.ts";
import { Pace } from "../http/pace.ts";
import { json, messages } from "../openapi/bodies.ts";
import type { Operation } from "../openapi/operation.ts";
import { ref } from "../openapi/parts.ts";
import { HttpError } from "../wire/errors.ts";
import { durabilityParameter } from "./payloads.ts";
import { refuseTerms } from "./publish-terms.ts";
import { readSentHeaders, refuseFields } from "./sent-headers.ts";
import { publishedAnswer } from "./write-batch.ts";

const FORMATS_IN: readonly FormatName[] = ["messages", "lines", "ndjson"];
/** The format of a body without a type: `curl -T -` names none. */
const UNTYPED: FormatName = "lines";

export const PUBLISH_STREAM: Operation = {
  handle: publishStream,
  id: "publishStream",
  tag: "messages",
  summary: "Appends messages while they arrive",
  query: ["durability", "format"],
  body: { limit: "unlimited", content: messages(FORMATS_IN) },
  success: { "201": json("All of it is kept", ref("Published"), ["X-Offset", "X-Count", "X-Durability"]) },
  errors: ["payload_too_large", "storage_full", "sync_failed", "topic_closed"],
};

async function publishStream(exchange: Exchange): Promise<Answer> {
  const { request, context } = exchange;
  const typed = readBodyFormat(exchange, FORMATS_IN, UNTYPED);
  const topic = exchange.requireTopic();
  const parameters = exchange.parameters();
  const format = formatParameter(parameters, FORMATS_IN) ?? typed;
  const durability = durabilityParameter(parameters);
  parameters.finish();
  const sent = readSentHeaders(request);
  refuseFields(sent);
  refuseTerms(sent);
  const source = request.openBody();
  const stream = topic.openStreamIn({
    format: format === "messages" ? "messages" : "lines",
    durability,
    onRoom: () => steer(inflow),
  });
  const pace = new Pace(
    source.stream,
    (comingBytes) => context.runtime.pause(comingBytes),
    () => steer(inflow),
  );
  const inflow: Inflow = { exchange, source, stream, pace };
  // A client whose machine is gone says nothing more, and nothing else waits for it.
  request.probeAfter(context.limits.streamInProbeMs);
  request.tellToContinue();
  try {
    const { offset, count } = await pipe(inflow);
    return publishedAnswer({ offset, durability: stream.durability }, count);
  } catch (error) {
    exchange.failureFields = stream.kept;
    throw error;
  }
}

/** A body on its way into a topic. */
interface Inflow {
  readonly exchange: Exchange;
  readonly source: BodySource;
  readonly stream: StreamIn;
  readonly pace: Pace;
}

/**
 * Reads on where there is memory for what is not committed, waits where there will be, and gives up where a message
 * that does not end takes more than there is.
 */
function steer({ exchange, source, stream, pace }: Inflow): void {
  const { memory } = exchange.request;
  const { heldBytes } = stream;
  const hasMemory = memory.mayKeep(heldBytes);
  if (hasMemory) memory.shrinkTo(heldBytes);
  if (!hasMemory && !stream.isCommitting) stream.stop(memory.tooMany());
  else if (!hasMemory || stream.isFull || pace.isGivingWay) source.stream.pause();
  else source.stream.resume();
}

/** What the stream kept, when all of it came; rejects with what ended it before. */
async function pipe(inflow: Inflow): StreamIn["ended"] {
  const { exchange, source, stream, pace } = inflow;
  const take = (piece: Buffer): void => {
    if (!isStillAdmitted(exchange)) {
      stream.stop(new HttpError("unauthorized"));
      return;
    }
    stream.write(piece);
    pace.add(piece.length);
    steer(inflow);
  };
  const end = (): void => {
    const flaw = source.flaw();
    if (flaw !== undefined) {
      stream.stop(flaw);
      return;
    }
    exchange.request.isBodyTaken = true;
    stream.end();
  };
  const fail = (error: unknown): void => stream.stop(source.failureOf(error));
  exchange.request.onMalformedBody(() => stream.stop(cutOff()));
  source.stream.on("error", fail);
  source.stream.on("data", take);
  source.stream.on("end", end);
  try {
    return await stream.ended;
  } finally {
    // The answer drops what comes after a failure.
    source.stream.off("data", take);
    source.stream.off("end", end);
    source.close();
    pace.end();
  }
}
