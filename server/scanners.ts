/** Handlers of scanners: create, delete, scan. */
import { durationMs, NetlogError, parseDuration } from "../lib/index.ts";
import { type Answer, deliveryAnswer, doneAnswer, jsonAnswer } from "./answer.ts";
import type { Exchange } from "./exchange.ts";

export async function createScanner(exchange: Exchange): Promise<Answer> {
  const topic = exchange.requireTopic();
  const parameters = exchange.parameters();
  const from = parameters.get("from") ?? "";
  const persist = parameters.flag("persist");
  parameters.finish(["from", "persist"]);
  const scanner = await topic.createScanner({ from, persist });
  return jsonAnswer(201, scanner.info());
}

export async function deleteScanner(exchange: Exchange): Promise<Answer> {
  const topic = exchange.requireTopic();
  const parameters = exchange.parameters();
  const id = parameters.get("id") ?? "";
  if (id === "") throw new NetlogError("bad_request", { reason: "id is missing: the scanner to delete" });
  parameters.finish();
  await topic.deleteScanner(id);
  return doneAnswer(200, "scanner deleted");
}

/** The last `wait` that was read, which is the next one most of the time: reading costs a tenth of a scan. */
const lastWait = { text: "0s", ms: 0 };

/** Gives `undefined` when the client left while it waited. */
export async function scanTopic(exchange: Exchange): Promise<Answer | undefined> {
  const topic = exchange.requireTopic();
  const parameters = exchange.parameters();
  const scanner = topic.scanner(parameters.get("id") ?? "");
  const wait = parameters.get("wait") ?? "";
  parameters.finish();
  const waitMs = wait === "" ? 0 : readWait(wait);
  const delivery = await scanner.scan({ waitMs, onWaiting: (cancel) => exchange.onClose(cancel) });
  return delivery === undefined ? undefined : deliveryAnswer(delivery);
}

/** @throws invalid_duration. */
function readWait(text: string): number {
  if (text !== lastWait.text) {
    lastWait.ms = durationMs(parseDuration(text));
    lastWait.text = text;
  }
  return lastWait.ms;
}
