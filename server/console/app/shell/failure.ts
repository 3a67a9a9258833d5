/** What went wrong, as a sentence that says what to do next. */
import { isNetlogClientError, type NetlogClientError } from "../../../../lib/client/index.ts";

/** A sentence for each code that users meet; others have the server's own reason. */
const SENTENCES: Readonly<Record<string, string>> = {
  unauthorized: "The server asks for a token, or does not know this one.",
  forbidden: "Your token may not do this.",
  too_many_requests: "The server has too much to do right now, and refused this.",
  storage_full: "The server's disk is full: it takes no messages. Free some space, or delete a topic.",
  topic_not_found: "There is no such topic any more.",
  scanner_not_found: "There is no such scanner any more.",
  topic_exists: "A topic of this name is there already.",
  topic_closed: "The topic is closed: it takes no more messages.",
  payload_too_large: "This is larger than the server takes.",
  shutting_down: "The server is stopping.",
  unreachable: "The server does not answer.",
  connection_lost: "The server does not answer.",
  timed_out: "The server does not answer in time.",
};

/** Codes whose sentence says everything. */
const COMPLETE: ReadonlySet<string> = new Set([
  "unauthorized",
  "storage_full",
  "topic_not_found",
  "scanner_not_found",
  "topic_exists",
  "topic_closed",
  "unreachable",
  "connection_lost",
  "timed_out",
]);

/** An error as the page shows it. */
export function sentenceOf(error: unknown): string {
  if (!isNetlogClientError(error)) return error instanceof Error ? error.message : String(error);
  const sentence = SENTENCES[error.code];
  const reason = capitalized(error.reason);
  if (sentence === undefined) return reason ?? `${error.message}.`;
  const wait = waitText(error);
  if (COMPLETE.has(error.code) || reason === undefined) return sentence + wait;
  return `${sentence} ${reason}${wait}`;
}

/** Nobody answered, so the same may work in a moment. */
export function isAway(error: unknown): boolean {
  return isNetlogClientError(error, "unreachable", "connection_lost", "timed_out", "shutting_down");
}

/** The same may work in a while, without anybody's doing. */
export function mayPass(error: unknown): boolean {
  if (isAway(error) || isNetlogClientError(error, "too_many_requests")) return true;
  return isNetlogClientError(error) && (error.status ?? 0) >= 500;
}

function waitText({ retryAfterMs }: NetlogClientError): string {
  if (retryAfterMs === undefined) return "";
  return ` Try again in ${Math.max(1, Math.ceil(retryAfterMs / 1000))} s.`;
}

/** The server's reasons are parts of sentences. A parameter's name stays as it is. */
function capitalized(reason: string | undefined): string | undefined {
  if (reason === undefined || reason === "") return undefined;
  const text = /^\w*_/.test(reason) ? reason : reason.charAt(0).toUpperCase() + reason.slice(1);
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
