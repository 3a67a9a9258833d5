/**
 * Links to the archive of a payload: the storage broker gives them to those who have the role. The mock, for development,
 * gives a link to this server to everybody, and answers there.
 */

import { NetlogError } from "../../../lib/index.ts";
import { uuidDigits } from "../../../lib/views/payloads/index.ts";
import { jsonAnswer, textAnswer } from "../../http/answer.ts";
import type { Handler } from "../../http/door.ts";
import type { Exchange } from "../../http/exchange.ts";
import { ClientLeft, HttpError } from "../../wire/errors.ts";
import { requireRole } from "./identity.ts";
import { requestIdOf } from "./payload.ts";
import { isWebUrl, type StorageBrokerSettings } from "./settings.ts";
import { BASES, type Tracker } from "./tracker.ts";

const ANSWER_BYTES = 65_536;

/** The storage broker did not give what it should. The message is for clients. */
export class BrokerFailure extends Error {}

export function tellArchiveLink(tracker: Tracker): Handler {
  const { storageBroker, archiveRole } = tracker.settings;
  if (storageBroker === undefined) return tellMockLink;
  return async (exchange) => {
    exchange.parameters().finish();
    requireRole(exchange, archiveRole);
    const url = await askBroker(exchange, storageBroker, requireUuid(tracker, requestIdOf(exchange)));
    if (url === "") throw new HttpError("not_found", { reason: "Payload not found" });
    return jsonAnswer(200, { url });
  };
}

export function tellRole({ settings }: Tracker): Handler {
  return (exchange) => {
    exchange.parameters().finish();
    requireRole(exchange, settings.archiveRole);
    return jsonAnswer(200, { allowed: true });
  };
}

/** What the mock's links lead to. */
export const tellMockArchive: Handler = (exchange) => {
  exchange.parameters().finish();
  return textAnswer("text/plain; charset=utf-8", `You got an archive for ${requestIdOf(exchange)}`);
};

/** The digits of a UUID in any spelling. @throws bad_request, counted. */
export function requireUuid({ metrics }: Tracker, given: string): string {
  const digits = uuidDigits(given);
  if (digits !== undefined) return digits;
  metrics.noteInvalidId();
  throw new NetlogError("bad_request", { reason: `${given} is not a valid UUID` });
}

/** To the address by which the client found this server. */
const tellMockLink: Handler = (exchange) => {
  exchange.parameters().finish();
  const { request, context } = exchange;
  const scheme = context.gate.isSecure ? "https" : "http";
  const host = request.header("host") ?? "localhost";
  const id = encodeURIComponent(requestIdOf(exchange));
  return jsonAnswer(200, { url: `${scheme}://${host}${BASES[1]}/archive/${id}` });
};

/** Empty: there is no archive. @throws BrokerFailure. */
async function askBroker(
  { request }: Exchange,
  { url, timeoutMs }: StorageBrokerSettings,
  requestId: string,
): Promise<string> {
  const asked = new URL(url);
  asked.searchParams.set("request_id", requestId);
  const left = new AbortController();
  request.onClose(() => left.abort());
  let answer: unknown;
  try {
    const signal = AbortSignal.any([left.signal, AbortSignal.timeout(timeoutMs)]);
    answer = JSON.parse(await readText(await fetch(asked, { signal })));
  } catch (error) {
    if (left.signal.aborted) throw new ClientLeft();
    throw new BrokerFailure("the storage broker gave no answer that can be read", { cause: error });
  }
  const link = (answer as { readonly url?: unknown } | null)?.url ?? "";
  if (link === "") return "";
  if (typeof link === "string" && isWebUrl(link)) return link;
  throw new BrokerFailure("the storage broker gave something that is no URL");
}

async function readText({ body }: Response): Promise<string> {
  const pieces: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const piece of body ?? []) {
    sizeBytes += piece.length;
    if (sizeBytes > ANSWER_BYTES) throw new Error(`the answer has more than ${ANSWER_BYTES} bytes`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString();
}
