/**
 * What the texts of a relayed request and its answer are (lib/topic/neighbours.ts). Those of a request: method, target, host, client,
 * header, value, …; those of an answer: status, header, value, … Who changes this raises RELAY_VERSION
 * (lib/jetstream/servers/relay-messages.ts).
 */
import { validateHeaderName, validateHeaderValue } from "node:http";
import type { Relayed } from "../../lib/index.ts";

export interface RelayedHead {
  readonly method: string;
  /** The target, as the client sent it. */
  readonly url: string;
  /** What the server that answers is called by the one that sends. */
  readonly host: string;
  /** The address of the client. */
  readonly client: string;
  /** Name in lower case, value, name, value, …; no name stands there twice. */
  readonly headerPairs: readonly string[];
}

export interface RelayedRequestParts extends RelayedHead {
  readonly body: Buffer;
}

export interface RelayedAnswerParts {
  readonly status: number;
  /** Name, value, name, value, … */
  readonly headers: string[];
  readonly body: Buffer;
}

const BEFORE_HEADERS = 4;
const LEAST_STATUS = 200;
const MOST_STATUS = 599;

export function requestTexts({ method, url, host, client, headerPairs }: RelayedHead): string[] {
  return [method, url, host, client, ...headerPairs];
}

/** `undefined`: it is no request. */
export function requestOf({ texts, body }: Relayed): RelayedRequestParts | undefined {
  if (texts.length < BEFORE_HEADERS || texts.length % 2 !== 0) return undefined;
  const [method, url, host, client] = texts as [string, string, string, string];
  const headerPairs = texts.slice(BEFORE_HEADERS);
  return { method, url, host, client, headerPairs, body };
}

export function answerToRelay(status: number, headers: readonly string[], body: string | Buffer): Relayed {
  const texts = [String(status), ...headers];
  return { texts, body: typeof body === "string" ? Buffer.from(body) : body };
}

/** `undefined`: it is no answer. */
export function relayedAnswer({ texts, body }: Relayed): RelayedAnswerParts | undefined {
  const [first, ...headers] = texts;
  const status = Number(first);
  if (headers.length % 2 !== 0 || !Number.isInteger(status)) return undefined;
  if (status < LEAST_STATUS || status > MOST_STATUS || !areHeaders(headers)) return undefined;
  return { status, headers, body };
}

/** Node throws when it is to write any other ones. */
function areHeaders(pairs: readonly string[]): boolean {
  try {
    for (let i = 0; i < pairs.length; i += 2) {
      const name = pairs[i]!;
      validateHeaderName(name);
      validateHeaderValue(name, pairs[i + 1]!);
    }
    return true;
  } catch {
    return false;
  }
}
