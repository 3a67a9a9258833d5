/** Random numbers by which messages are known again. */
import type { Runtime } from "../base/runtime.ts";
import type { Uid } from "./envelope.ts";

/** The random digits of a UUID lie at its ends; the version and variant between them. */
export function newUid(runtime: Pick<Runtime, "randomId">): Uid {
  const id = runtime.randomId();
  return { high: Number.parseInt(id.slice(0, 8), 16), low: Number.parseInt(id.slice(-8), 16) };
}
