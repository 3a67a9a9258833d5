/** Handlers of single messages: publish one, read one. */
import { type Durability, NetlogError } from "../lib/index.ts";
import { type Answer, emptyAnswer, messageAnswer } from "./answer.ts";
import type { Exchange } from "./exchange.ts";
import type { Parameters } from "./parameters.ts";

const NUMBER = /^[0-9]+$/;

export async function publishPayload(exchange: Exchange): Promise<Answer> {
  const topic = exchange.requireTopic();
  const durability = readDurability(exchange.parameters());
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
  const message = await topic.message(await topic.resolveOffset(spelling));
  return messageAnswer(message, NUMBER.test(spelling));
}

function readDurability(parameters: Parameters): Durability | undefined {
  const durability = parameters.get("durability");
  parameters.finish();
  if (durability === undefined || durability === "written" || durability === "synced") return durability;
  throw new NetlogError("bad_request", { reason: "durability takes written or synced" });
}
