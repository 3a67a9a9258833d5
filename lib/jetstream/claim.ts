/**
 * A claim: "the log is mine from here on", or, without an owner, "it is nobody's". It is a message of the log's stream like
 * all others, so it fences and registers in one: what a former owner has on its way is refused behind it. As the newest
 * message it also tells where the log ends.
 */
/** A server that owns topics. */
export interface Owner {
  /** Names this run of the server. */
  readonly incarnation: string;
  /** Where the other servers reach it; none where it is alone. */
  readonly url: string | undefined;
}

export interface Claim {
  /** The owner's incarnation; `null`: it let go of the log. */
  readonly owner: string | null;
  readonly url: string | null;
  /** The log's. */
  readonly endOffset: number;
  /** The time of the log's newest message; 0 where there never was one. */
  readonly timestampMs: number;
  /** When the claim was made, by its owner's clock. */
  readonly at: number;
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
  const { owner = null, url = null, endOffset, timestampMs, at } = claim;
  if (!isSafeCount(endOffset) || !isSafeCount(timestampMs) || !isSafeCount(at)) return undefined;
  if (!isTextOrNull(owner) || !isTextOrNull(url)) return undefined;
  return { owner, url, endOffset, timestampMs, at };
}

function isTextOrNull(value: unknown): value is string | null {
  return value === null || typeof value === "string";
}

/** As offsets and times are. */
function isSafeCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
