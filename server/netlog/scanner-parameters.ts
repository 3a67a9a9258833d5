/** The parameters of `POST /:topic/scanner`, each as its kind. What is allowed of each is the engine's to say. */
import {
  durationMs,
  isNetlogError,
  NetlogError,
  parseDuration,
  type ScannerRequest,
} from "../../lib/index.ts";
import { DIGITS, type Parameters } from "../wire/parameters.ts";

/** @throws bad_request, also for a parameter that there is not. */
export function readScannerRequest(parameters: Parameters): ScannerRequest {
  const keys = parameters.all("key");
  parameters.finish();
  return {
    id: parameters.get("id"),
    from: parameters.get("from"),
    persist: parameters.has("persist") ? parameters.flag("persist") : undefined,
    ack: readAck(parameters.get("ack")),
    ackWaitMs: readDuration(parameters, "ack_wait"),
    maxDeliver: readCount(parameters.get("max_deliver")),
    maxPending: readCount(parameters.get("max_pending")),
    deadLetter: parameters.get("dead_letter"),
    expireMs: readDuration(parameters, "expire"),
    keys: keys.length === 0 ? undefined : keys,
  };
}

/** In ms; `undefined` when it is absent. @throws bad_request. */
export function readDuration(parameters: Parameters, name: string): number | undefined {
  const text = parameters.get(name);
  if (text === undefined) return undefined;
  try {
    return durationMs(parseDuration(text));
  } catch (error) {
    if (!isNetlogError(error, "invalid_duration")) throw error;
    throw new NetlogError("bad_request", { reason: `${name}: ${error.reason ?? ""}`, cause: error });
  }
}

function readAck(text: string | undefined): "auto" | "explicit" | undefined {
  if (text === undefined || text === "auto" || text === "explicit") return text;
  throw new NetlogError("bad_request", { reason: "ack takes auto or explicit" });
}

/** Not a number where it is none, which is within no bounds. */
function readCount(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  return DIGITS.test(text) ? Number(text) : Number.NaN;
}

/** @throws bad_request. */
export function requireId(parameters: Parameters): string {
  const id = parameters.get("id") ?? "";
  if (id === "") throw new NetlogError("bad_request", { reason: "id is missing: which scanner" });
  return id;
}
