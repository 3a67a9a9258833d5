/** Handlers of the server itself, under `/-/`. */
import { type Answer, jsonAnswer } from "./answer.ts";

/** Alive: it answers. */
export function tellHealth(): Answer {
  return jsonAnswer(200, { ok: true });
}
