/**
 * A claim: "the log is mine from here on", or, without an owner, "it is nobody's". It is a message of the log's stream like
 * all others, so it fences and registers in one: what a former owner has on its way is refused behind it. As the newest
 * message it also tells where the log ends.
 */
/**
 * Why the log is no topic's here, though it is there: it is a copy of a topic of another storage, which is not whole; or
 * the topic has moved to another storage, and what is left is kept for the operator.
 */
export type Unserved = "copying" | "moved";

/** In words for clients. */
export const UNSERVED_REASONS: Readonly<Record<Unserved, string>> = {
  copying: "the topic is being copied to NATS by netlog migrate, and is not whole",
  moved:
    "the topic has moved from NATS to a data folder, by netlog migrate --back; ask the server of that folder",
};

/** Why a topic is not served while it is being moved away, in words for clients. */
export const MOVING_REASON =
  "the topic is being moved from NATS to a data folder, by netlog migrate --back; ask the server of that folder when it is done";

/** A server that owns topics, or a process that moves or copies them. */
export interface Owner {
  /** Names this run of the server. */
  readonly incarnation: string;
  /** Where the other servers reach it; none where it is alone. */
  readonly url: string | undefined;
  /** It takes topics to move them away, and answers for none. */
  readonly isMover?: boolean;
}

export interface Claim {
  /** The owner's incarnation; `null`: it let go of the log. */
  readonly owner: string | null;
  readonly url: string | null;
  /** As Owner has it. */
  readonly isMover?: boolean | undefined;
  /** The log's. */
  readonly endOffset: number;
  /** The time of the log's newest message; 0 where there never was one. */
  readonly timestampMs: number;
  /** When the claim was made, by its owner's clock. */
  readonly at: number;
  readonly unserved?: Unserved | undefined;
}

export function encodeClaim(claim: Claim): Buffer {
  return Buffer.from(JSON.stringify(claim));
}

/** `undefined`: it is none. */
export function parseClaim(body: Buffer): Claim | undefined {
  let claim: Partial<Claim> | null;
  try {
    claim = JSON.parse(body.toString());
  } catch {
    return undefined;
  }
  if (typeof claim !== "object" || claim === null) return undefined;
  const { owner = null, url = null, isMover, endOffset, timestampMs, at, unserved } = claim;
  if (!isSafeCount(endOffset) || !isSafeCount(timestampMs) || !isSafeCount(at)) return undefined;
  if (!isTextOrNull(owner) || !isTextOrNull(url)) return undefined;
  if (!isUnserved(unserved)) return undefined;
  const optional = {
    ...(isMover === true ? { isMover } : {}),
    ...(unserved === undefined ? {} : { unserved }),
  };
  return { owner, url, endOffset, timestampMs, at, ...optional };
}

/** Also of nothing, which all topics have. */
export function isUnserved(value: unknown): value is Unserved | undefined {
  return value === undefined || value === "copying" || value === "moved";
}

function isTextOrNull(value: unknown): value is string | null {
  return value === null || typeof value === "string";
}

/** As offsets and times are. */
function isSafeCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
