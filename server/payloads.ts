/** Handlers of single messages: publish one, read one. */
import { type Durability, isNetlogError, type Message, NetlogError, type Topic } from "../lib/index.ts";
import { type Answer, emptyAnswer, messageAnswer } from "./answer.ts";
import type { Exchange } from "./exchange.ts";
import type { Parameters } from "./parameters.ts";

const NUMBER = /^[0-9]+$/;

export async function publishPayload(exchange: Exchange): Promise<Answer> {
  const topic = exchange.requireTopic();
  const parameters = exchange.parameters();
  const durability = durabilityParameter(parameters);
  parameters.finish();
  const payload = await exchange.takeBody();
  if (payload.length === 0) {
    throw new NetlogError("bad_request", { reason: "the body is empty; a message has at least one byte" });
  }
  const published = await topic.publish(payload, durability);
  return emptyAnswer(201, ["X-Offset", String(published.offset), "X-Durability", published.durability]);
}

export async function readPayload(exchange: Exchange): Promise<Answer> {
  const topic = exchange.requireTopic();
  exchange.parameters().finish();
  const spelling = exchange.target.parts[2] ?? "";
  const message = await readMessage(topic, await topic.resolveOffset(spelling));
  if (!NUMBER.test(spelling)) return messageAnswer(message, "none");
  // A cache that others share must not give it to those who have no token.
  return messageAnswer(message, exchange.context.access === undefined ? "public" : "private");
}

/** @throws what Topic.message throws; end_of_topic for the offset to be written next, where nothing is yet. */
async function readMessage(topic: Topic, offset: number): Promise<Message> {
  try {
    return await topic.message(offset);
  } catch (error) {
    const isMissing = isNetlogError(error, "offset_not_found") && error.details.firstOffset === undefined;
    if (!isMissing || offset < 0 || offset > (await topic.resolveOffset("end"))) throw error;
    throw new NetlogError("end_of_topic", { cause: error });
  }
}

/** `durability=`, for one request. @throws bad_request. */
export function durabilityParameter(parameters: Parameters): Durability | undefined {
  const durability = parameters.get("durability");
  if (durability === undefined || durability === "written" || durability === "synced") return durability;
  throw new NetlogError("bad_request", { reason: "durability takes written or synced" });
}
