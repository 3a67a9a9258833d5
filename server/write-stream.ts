/**
 * The handler of streams in: messages of any number in one body, committed while they arrive. The connection may be
 * silent for as long as it likes; while the disk is behind, nothing is read from it.
 */
import { NetlogError, type StreamIn } from "../lib/index.ts";
import { isStillAdmitted } from "./admission.ts";
import type { Answer } from "./answer.ts";
import { formatParameter, readBodyFormat } from "./body-format.ts";
import { HttpError } from "./errors.ts";
import type { Exchange } from "./exchange.ts";
import type { FormatName } from "./formats.ts";
import { onMalformedBody } from "./malformed.ts";
import { durabilityParameter } from "./payloads.ts";
import { publishedAnswer } from "./write-batch.ts";

const FORMATS_IN: readonly FormatName[] = ["messages", "lines", "ndjson"];
/** Of a body without a type: `curl -T -` names none. */
const UNTYPED: FormatName = "lines";

export async function publishStream(exchange: Exchange): Promise<Answer> {
  const { incoming, context } = exchange;
  const typed = readBodyFormat(exchange, FORMATS_IN, UNTYPED);
  const topic = exchange.requireTopic();
  const parameters = exchange.parameters();
  const format = formatParameter(parameters, FORMATS_IN) ?? typed;
  const durability = durabilityParameter(parameters);
  parameters.finish();
  const stream = topic.openStreamIn({
    format: format === "messages" ? "messages" : "lines",
    durability,
    onRoom: () => steer(exchange, stream),
  });
  // A client whose machine is gone says nothing more, and nobody else waits for it.
  incoming.socket.setKeepAlive(true, context.limits.streamInProbeMs);
  exchange.tellToContinue();
  try {
    const { offset, count } = await pipe(exchange, stream);
    return publishedAnswer(offset, count, stream.durability);
  } catch (error) {
    exchange.failureFields = stream.kept;
    throw error;
  }
}

/**
 * Reads on where there is memory for what is not committed, waits where there will be, and gives up where a message
 * that does not end takes more than there is.
 */
function steer({ incoming, memory }: Exchange, stream: StreamIn): void {
  const { heldBytes } = stream;
  const hasMemory = memory.mayHold(heldBytes);
  if (hasMemory) memory.shrinkTo(heldBytes);
  if (!hasMemory && !stream.isCommitting) stream.stop(memory.tooMany());
  else if (!hasMemory || stream.isFull) incoming.pause();
  else incoming.resume();
}

/** What the stream kept, when all of it came; rejects with what ended it before. */
async function pipe(exchange: Exchange, stream: StreamIn): StreamIn["ended"] {
  const { incoming } = exchange;
  const take = (piece: Buffer): void => {
    if (!isStillAdmitted(exchange)) {
      stream.stop(new HttpError("unauthorized"));
      return;
    }
    stream.write(piece);
    steer(exchange, stream);
  };
  const end = (): void => {
    exchange.isBodyTaken = true;
    stream.end();
  };
  const cutOff = (): void => stream.stop(new NetlogError("bad_request", { reason: "the body was cut off" }));
  onMalformedBody(exchange.outgoing, cutOff);
  incoming.on("error", cutOff);
  incoming.on("data", take);
  incoming.on("end", end);
  try {
    return await stream.ended;
  } finally {
    // What comes after a failure is for whoever answers to drop.
    incoming.off("data", take);
    incoming.off("end", end);
    incoming.pause();
  }
}
