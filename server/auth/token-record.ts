/**
 * What a token file says: who holds tokens, as hashes, and what each is good for. JSON, so that people can read and
 * edit it; read strictly, because a misspelled word that is ignored would grant a right by mistake.
 *
 *     {"tokens":[{"name":"ci","hash":"sha256:9f86…","topics":["logs-*"],"rights":["read","write"],
 *                 "created":"2026-11-20T23:27:59.023Z","expires":"2027-02-18T23:27:59.023Z"}]}
 */
import {
  isSafeName,
  isTopicPattern,
  JsonError,
  NAME_RULE,
  PATTERN_RULE,
  parseJson,
} from "../../lib/index.ts";
import type { Limits } from "./limits.ts";
import { isRight, RIGHTS, type Right } from "./rights.ts";

export interface TokenRecord {
  readonly name: string;
  /** `sha256:` and 64 hexadecimal digits. */
  readonly hash: string;
  /** Patterns: the rights hold for topics that one of them stands for. */
  readonly topics: readonly string[];
  readonly rights: readonly Right[];
  /** Whom it stands for where a view asks that: a user, the domains that the user is in, an admin of all of them. */
  readonly user?: string;
  readonly domains?: readonly string[];
  readonly platform_admin?: boolean;
  /** RFC 3339. */
  readonly created?: string;
  /** Not valid any more from then on. */
  readonly expires?: string;
}

/** The file is not what it should be; the message says where, and what would be right. */
export class TokenFileError extends Error {
  override readonly name = "TokenFileError";
}

export const HASH_PREFIX = "sha256:";

const HASH = /^sha256:[0-9a-f]{64}$/;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;
const FIELDS = [
  "name",
  "hash",
  "topics",
  "rights",
  "user",
  "domains",
  "platform_admin",
  "created",
  "expires",
];

/** @throws TokenFileError. */
export function parseTokenFile(text: string, limits: Limits): TokenRecord[] {
  const { tokens, ...others } = objectOf(parse(text, limits), "the file");
  refuseOthers(Object.keys(others), ["tokens"], "the file");
  if (!Array.isArray(tokens)) throw new TokenFileError('the file needs "tokens", an array');
  if (tokens.length > limits.tokens) throw new TokenFileError(`at most ${limits.tokens} tokens are possible`);
  const records = tokens.map((value, index) => toRecord(value, `tokens[${index}]`, limits));
  refuseTwins(records, "name");
  refuseTwins(records, "hash");
  return records;
}

export function formatTokenFile(tokens: readonly TokenRecord[]): string {
  return `${JSON.stringify({ tokens }, undefined, 2)}\n`;
}

/** @throws TokenFileError for what no token can be given. */
export function checkRecord(record: TokenRecord, place: string, limits: Limits): void {
  const { name, topics, rights, user, platform_admin } = record;
  const refuse = (field: string, allowed: string): never => {
    throw new TokenFileError(`${place}: ${field} takes ${allowed}`);
  };
  const { tokenNameLength, tokenPatterns, topicNameLength } = limits;
  if (typeof name !== "string" || !isSafeName(name, tokenNameLength)) {
    refuse("name", `1 to ${tokenNameLength} of ${NAME_RULE}`);
  }
  const isPattern = (pattern: unknown): boolean =>
    typeof pattern === "string" && isTopicPattern(pattern, topicNameLength);
  // A token that stands for a user may be good for views alone.
  const isForViews = user !== undefined || platform_admin === true;
  checkIdentity(record, refuse, limits);
  if (isForViews && isEmpty(topics) && isEmpty(rights)) return;
  if (!isSome(topics, tokenPatterns) || !topics.every(isPattern)) {
    refuse(
      "topics",
      `1 to ${tokenPatterns} patterns of topic names, each 1 to ${topicNameLength} of ${PATTERN_RULE}`,
    );
  }
  if (!isSome(rights, RIGHTS.length) || !rights.every(isRight))
    refuse("rights", `some of ${RIGHTS.join(", ")}`);
}

function checkIdentity(
  { user, domains, platform_admin }: TokenRecord,
  refuse: (field: string, allowed: string) => never,
  limits: Limits,
): void {
  const isId = (id: unknown): boolean =>
    typeof id === "string" && id !== "" && id.length <= limits.identityLength;
  const idRule = `1 to ${limits.identityLength} characters`;
  if (user !== undefined && !isId(user)) refuse("user", idRule);
  if (domains !== undefined && !(isSome(domains, limits.tokenDomains) && domains.every(isId))) {
    refuse("domains", `1 to ${limits.tokenDomains} ids, each of ${idRule}`);
  }
  if (platform_admin !== undefined && typeof platform_admin !== "boolean")
    refuse("platform_admin", "true or false");
}

function toRecord(value: unknown, index: string, limits: Limits): TokenRecord {
  const record = objectOf(value, index) as unknown as TokenRecord;
  const place = typeof record.name === "string" ? `${index} (${JSON.stringify(record.name)})` : index;
  refuseOthers(Object.keys(record), FIELDS, place);
  checkRecord(record, place, limits);
  if (typeof record.hash !== "string" || !HASH.test(record.hash)) {
    throw new TokenFileError(`${place}: hash takes ${HASH_PREFIX} and 64 hexadecimal digits in lower case`);
  }
  for (const field of ["created", "expires"] as const) {
    const time = record[field];
    if (
      time === undefined ||
      (typeof time === "string" && TIME.test(time) && !Number.isNaN(Date.parse(time)))
    ) {
      continue;
    }
    throw new TokenFileError(`${place}: ${field} takes an RFC 3339 time such as 2027-01-31T00:00:00Z`);
  }
  return record;
}

function parse(text: string, { jsonDepth }: Limits): unknown {
  try {
    return parseJson(text, jsonDepth);
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    throw new TokenFileError(`it is ${error.message}`);
  }
}

function objectOf(value: unknown, place: string): Record<string, unknown> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return { ...value };
  throw new TokenFileError(`${place} is no JSON object`);
}

function refuseOthers(fields: readonly string[], known: readonly string[], place: string): void {
  const other = fields.find((field) => !known.includes(field));
  if (other === undefined) return;
  throw new TokenFileError(
    `${place}: unknown field ${JSON.stringify(other)}; there are: ${known.join(", ")}`,
  );
}

function refuseTwins(records: readonly TokenRecord[], field: "name" | "hash"): void {
  const seen = new Set<string>();
  for (const [index, record] of records.entries()) {
    if (seen.has(record[field])) {
      throw new TokenFileError(`tokens[${index}] has the ${field} of one before it`);
    }
    seen.add(record[field]);
  }
}

function isEmpty(list: unknown): boolean {
  return Array.isArray(list) && list.length === 0;
}

function isSome(list: unknown, max: number): list is readonly unknown[] {
  return Array.isArray(list) && list.length > 0 && list.length <= max;
}
