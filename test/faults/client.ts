/** One request of a client to a server of the cluster, and what is known of it afterwards. */
import type { History, Outcome } from "./history.ts";

/** Longer than the servers wait for an outcome, so that they tell it where they can. */
export const REQUEST_TIMEOUT_MS = 25_000;

export interface Answer {
  readonly server: string;
  readonly sentMs: number;
  readonly endedMs: number;
  readonly outcome: Outcome;
  /** 0 where there was no answer. */
  readonly status: number;
  readonly body: string;
  readonly headers: Headers;
  readonly failure?: string;
}

const NO_ANSWER = { outcome: "unknown", status: 0, body: "", headers: new Headers() } as const;

/** Asks `server`, a URL; never rejects. */
export async function ask(
  history: History,
  server: string,
  path: string,
  options: RequestInit = {},
): Promise<Answer> {
  const sentMs = history.now();
  try {
    const signal = AbortSignal.timeout(REQUEST_TIMEOUT_MS);
    const response = await fetch(server + path, { signal, ...options });
    const { status, headers } = response;
    const body = await response.text();
    const answer = { server, sentMs, status, headers, body, endedMs: history.now() };
    if (status < 300) return { ...answer, outcome: "done" };
    const failure = `${status} ${headers.get("x-netlog-error") ?? ""}: ${body.trim()}`;
    const outcome = headers.get("x-netlog-error") === "sync_failed" ? "unknown" : "refused";
    return { ...answer, outcome, failure };
  } catch (error) {
    const { message, cause } = error as Error;
    const failure = cause instanceof Error ? cause.message : message;
    return { ...NO_ANSWER, server, sentMs, endedMs: history.now(), failure };
  }
}

export function codeOf({ headers }: Answer): string | undefined {
  return headers.get("x-netlog-error") ?? undefined;
}

/** What the history keeps of any request. */
export function factsOf({
  server,
  sentMs,
  endedMs,
  outcome,
  failure,
}: Answer): Omit<Answer, "status" | "body" | "headers"> {
  return { server, sentMs, endedMs, outcome, ...(failure === undefined ? {} : { failure }) };
}

/** A scan that found nothing in time is done as well. */
export function takenOf(answer: Answer): ReturnType<typeof factsOf> & { offset?: number; payload?: string } {
  if (codeOf(answer) === "end_of_topic") {
    const { failure: _none, ...facts } = factsOf(answer);
    return { ...facts, outcome: "done" };
  }
  if (answer.outcome !== "done") return factsOf(answer);
  return { ...factsOf(answer), offset: Number(answer.headers.get("x-offset")), payload: answer.body };
}
