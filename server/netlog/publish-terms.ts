/** How a publish is to be stored: once, on a condition, as the last one of its topic. Most publishes say none of it. */
import type { Durability, NewMessage, PublishOptions, Runtime } from "../../lib/index.ts";
import { BodyDigest, type BodyMeaning, digestOf } from "../http/body-digest.ts";
import type { ServerContext } from "../http/context.ts";
import type { Operation } from "../openapi/operation.ts";
import { badRequest } from "../wire/errors.ts";
import type { Parameters } from "../wire/parameters.ts";
import { readNumber, readProducer } from "../wire/producer.ts";
import type { SentHeaders, TermName } from "./sent-headers.ts";

/** What OpenAPI says of a route that takes them. */
export const TERM_HEADERS: readonly TermName[] = [
  "Idempotency-Key",
  "Producer-Id",
  "Producer-Epoch",
  "Producer-Seq",
  "X-Expected-Offset",
];
export const PUBLISH_ERRORS: Operation["errors"] = [
  "payload_too_large",
  "request_timeout",
  "too_many_requests",
  "storage_full",
  "sync_failed",
  "topic_closed",
  "offset_mismatch",
  "producer_gap",
  "producer_fenced",
  "idempotency_mismatch",
];

/** As RFC 8941 writes a text, which the header's draft asks for. */
const QUOTED = /^"(.*)"$/;
const ESCAPED = /\\(["\\])/g;

export interface PublishTerms extends Pick<PublishOptions, "producer" | "expectedOffset" | "closes"> {
  readonly idempotencyKey: string | undefined;
}

/**
 * `undefined`: none. To be called before `parameters.finish`. Which keys, ids and numbers are allowed the topic says.
 *
 * @throws bad_request.
 */
export function readTerms(sent: SentHeaders | undefined, parameters: Parameters): PublishTerms | undefined {
  const closes = parameters.isOn("close", false);
  const parameter = parameters.get("expected_offset");
  const terms = sent?.terms;
  if (!closes && parameter === undefined && terms === undefined) return undefined;
  const idempotencyKey = unquoted(terms?.get("Idempotency-Key"));
  const expectedOffset = readExpectedOffset(terms?.get("X-Expected-Offset"), parameter);
  return {
    idempotencyKey,
    expectedOffset,
    producer: readProducer(
      terms?.get("Producer-Id"),
      terms?.get("Producer-Epoch"),
      terms?.get("Producer-Seq"),
    ),
    closes: closes || undefined,
  };
}

/** A stream in is no single act that could be done once, or be refused as a whole. @throws bad_request. */
export function refuseTerms(sent: SentHeaders | undefined): void {
  const [name] = sent?.terms?.keys() ?? [];
  if (name === undefined) return;
  throw badRequest(`${name} is for payload and batch; what a stream brings is kept while it arrives`);
}

function unquoted(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  return QUOTED.exec(text)?.[1]?.replace(ESCAPED, "$1") ?? text;
}

function readExpectedOffset(header: string | undefined, parameter: string | undefined): number | undefined {
  const offset = header === undefined ? undefined : readNumber("X-Expected-Offset", header);
  if (parameter === undefined) return offset;
  const other = readNumber("expected_offset", parameter);
  if (offset === undefined || offset === other) return other;
  throw badRequest("X-Expected-Offset and expected_offset= differ; send one of them");
}

/** How one message is to be published, with the digest that an idempotency key needs: the same by each protocol. */
export async function withTerms(
  durability: Durability | undefined,
  { idempotencyKey, expectedOffset, producer, closes }: PublishTerms,
  message: NewMessage,
  { limits, runtime }: Pick<ServerContext, "limits" | "runtime">,
): Promise<PublishOptions> {
  if (idempotencyKey === undefined) return { durability, expectedOffset, producer, closes };
  const meaning = ["payload", message.key ?? null, message.contentType ?? null, closes === true];
  const { payload } = message;
  const isSmall = payload.length <= limits.uncountedBytes;
  const digest = isSmall ? digestOf(meaning, payload) : await longDigest(meaning, payload, runtime);
  return { durability, expectedOffset, producer, closes, idempotency: { key: idempotencyKey, digest } };
}

async function longDigest(meaning: BodyMeaning, payload: Uint8Array, runtime: Runtime): Promise<Buffer> {
  const digest = new BodyDigest(meaning);
  await digest.addAll(payload, runtime);
  return digest.end();
}
