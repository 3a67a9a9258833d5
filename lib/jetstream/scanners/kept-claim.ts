/**
 * Takes the stream of a topic's scanners and state over, for the server that has taken its log over: a claim there fences
 * what a former owner has on its way. It names the epoch of the log, so of two servers the later owner keeps the stream. A log
 * that was set back, by a backup or a loss, has epochs anew: then a claim of the former ones means nothing.
 */
import type { Logger } from "../../base/logger.ts";
import type { Runtime } from "../../base/runtime.ts";
import { encodeClaim, type Owner } from "../log/claim.ts";
import { CLAIM_KIND, decodeEnvelope, encodeMessage, newUid } from "../log/envelope.ts";
import { isJetStreamError, NoAnswer } from "../nats/errors.ts";
import type { JetStreamApi } from "../nats/jetstream-api.ts";
import type { JetstreamCaps } from "../nats/limits.ts";

export interface KeptClaimOptions {
  readonly api: JetStreamApi;
  readonly runtime: Runtime;
  readonly logger: Logger;
  readonly limits: JetstreamCaps;
  readonly stream: string;
  readonly subject: string;
  readonly owner: Owner;
  /** The sequence of the claim by which the owner took the log over. */
  readonly epoch: number;
  /** Resolves when the log is still this owner's. @throws topic_unavailable. */
  readonly confirmOwner: () => Promise<void>;
}

const NO_SEGMENT = { sequence: 0, baseOffset: 0, sizeBytes: 0 };

export interface KeptClaim {
  /** What comes behind it is the owner's. */
  readonly sequence: number;
  /** The stream had no claim before it: it is new, or NATS has lost what was in it, for claims are never removed. */
  readonly isFirst: boolean;
}

/**
 * Claims the stream.
 *
 * @throws topic_unavailable: a later owner has the stream; JetStreamError; NoAnswer: for `engineResolveMs` there was none.
 */
export async function claimKept(options: KeptClaimOptions): Promise<KeptClaim> {
  const { runtime, limits } = options;
  const giveUpAtMs = runtime.elapsedMs() + limits.engineResolveMs;
  for (;;) {
    try {
      return await claimOnce(options);
    } catch (error) {
      if (!isPassing(error) || runtime.elapsedMs() >= giveUpAtMs) throw error;
    }
    await new Promise<void>((resolve) => void runtime.setTimer(limits.engineRetryMs, resolve));
  }
}

async function claimOnce(options: KeptClaimOptions): Promise<KeptClaim> {
  const { api, runtime, logger, stream, subject, owner, epoch } = options;
  const info = await api.streamInfo(stream);
  const newest = await api.leadersMessage(stream, { lastOf: subject });
  const other = newest === undefined ? undefined : decodeEnvelope(newest.data);
  if (other !== undefined && other.epoch > epoch) {
    // A later owner claimed the log before the stream, so then the log is this one's no more.
    await options.confirmOwner();
    const { epoch: otherEpoch } = other;
    logger.warn({ stream, epoch, otherEpoch }, "the topic's log is older than what is kept of its scanners");
  }
  const { incarnation, url = null } = owner;
  const claim = { owner: incarnation, url, endOffset: 0, timestampMs: 0, at: runtime.now() };
  const envelope = { kind: CLAIM_KIND, epoch, uid: newUid(runtime), segment: NO_SEGMENT };
  const lastSequence = info?.state.last_seq ?? 0;
  const message = encodeMessage(envelope, [encodeClaim(claim)]);
  const sequence = await api.publish(subject, message, { stream, lastSequence });
  return { sequence, isFirst: newest === undefined };
}

/** The stream went on meanwhile; or NATS may answer soon, and a claim that it stored without saying so is one too many. */
function isPassing(error: unknown): boolean {
  if (error instanceof NoAnswer) return error.kind !== "closed";
  return isJetStreamError(error, "wrongLastSequence");
}
