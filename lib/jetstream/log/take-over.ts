/**
 * Takes a log over: finds where it ends, and publishes a claim behind that end. Between two servers that try it, the one
 * whose claim is stored has it, and what the other one or a former owner has on its way is refused.
 */
import { NetlogError } from "../../base/errors.ts";
import { type Claim, encodeClaim, type Owner, UNSERVED_REASONS, type Unserved } from "./claim.ts";
import { CLAIM_KIND, encodeMessage, newUid, type SegmentMark } from "./envelope.ts";
import { decodeLogMessage, endOf } from "./log-message.ts";
import { type Outcome, type Outgoing, sendOnce } from "./outgoing.ts";
import { claimedAs, type EngineShared, type StreamLogOptions } from "./stream-log-options.ts";

export interface TakenLog {
  /** The sequence of the claim. */
  readonly epoch: number;
  readonly endOffset: number;
  /** The time of the newest message; 0 where there never was one. */
  readonly timestampMs: number;
  /** The active segment. */
  readonly segment: SegmentMark;
  /** The sequence of the oldest message that the stream has. */
  readonly firstSequence: number;
  /** When the stream was made. */
  readonly created: string;
}

interface LogEnd extends Omit<TakenLog, "epoch"> {
  readonly lastSequence: number;
}

/**
 * With `null` the log is nobody's from then on, as servers hear.
 *
 * @throws topic_unavailable: NATS does not answer, or has lost messages, or what lies in the stream is not netlog's;
 *   topic_not_found: there is no stream; storage_full.
 */
export async function takeOver(
  options: StreamLogOptions,
  owner: Owner | null = options.owner,
): Promise<TakenLog> {
  const { runtime, limits, engineCounters, api, names } = options.shared;
  const giveUpAtMs = runtime.elapsedMs() + limits.engineResolveMs;
  let claim: { end: LogEnd; message: Outgoing } | undefined;
  for (;;) {
    let outcome: Outcome = "unknown";
    let cause: unknown;
    try {
      claim ??= claimBehind(await findEnd(options), options, owner);
      outcome = await sendOnce(api, names.logStream(options.topic), claim.message, limits.engineAckMs);
    } catch (error) {
      if (error instanceof NetlogError) throw error;
      cause = error;
    }
    if (outcome === "stored") {
      engineCounters.takeovers += 1;
      return { ...claim!.end, epoch: claim!.message.sequence };
    }
    // The end has moved, or was not that of the leader: another claim, behind another message.
    if (outcome === "fenced" || outcome === "behind") claim = undefined;
    if (outcome === "no_room") {
      const reason = "NATS has no room for the claim of the topic; make room";
      throw new NetlogError("storage_full", { reason });
    }
    if (runtime.elapsedMs() >= giveUpAtMs) throw notTaken(cause, options.owner);
    await new Promise<void>((resolve) => runtime.setTimer(limits.engineRetryMs, resolve));
  }
}

/** The stream ends before what NATS acknowledged to this server: offsets that clients know would be given again. */
class LostMessages extends Error {
  override readonly name = "LostMessages";
}

function notTaken(cause: unknown, { url }: Owner): NetlogError {
  if (cause instanceof LostMessages) {
    const reason = `${cause.message}; to serve what is left, restart the server ${url ?? "that has the topic"}`;
    return new NetlogError("topic_unavailable", { reason, cause });
  }
  const told = cause instanceof Error ? ` (${cause.message})` : "";
  const reason = `the topic could not be taken over: NATS cannot be reached, or has no leader for it${told}`;
  return new NetlogError("topic_unavailable", { reason, cause });
}

function claimBehind(
  end: LogEnd,
  options: StreamLogOptions,
  owner: Owner | null,
): { end: LogEnd; message: Outgoing } {
  const { shared, topic } = options;
  const { runtime, names } = shared;
  const unserved = claimedAs(options);
  const { lastSequence, endOffset, timestampMs, segment } = end;
  const sequence = lastSequence + 1;
  const uid = newUid(runtime);
  const { incarnation = null, url = null, isMover } = owner ?? {};
  const at = runtime.now();
  const body = encodeClaim({ owner: incarnation, url, isMover, endOffset, timestampMs, at, unserved });
  const payload = encodeMessage({ kind: CLAIM_KIND, epoch: sequence, uid, segment }, [body]);
  return { end, message: { sequence, subject: names.ownerSubject(topic), payload, uid, mayBeStored: false } };
}

/** @throws NetlogError: there is no end to be found; what the API throws. */
async function findEnd({ shared, topic, firstOffset = 0, unserved }: StreamLogOptions): Promise<LogEnd> {
  const { api, names } = shared;
  const stream = names.logStream(topic);
  const info = await api.streamInfo(stream);
  if (info === undefined) throw new NetlogError("topic_not_found");
  const { created } = info;
  const { last_seq: lastSequence, first_seq: firstSequence, messages } = info.state;
  requireAcknowledged(shared, stream, created, lastSequence);
  if (lastSequence === 0) {
    const segment = { sequence: 1, baseOffset: firstOffset, sizeBytes: 0 };
    return { lastSequence, endOffset: firstOffset, timestampMs: 0, segment, firstSequence: 1, created };
  }
  const newest = await api.leadersMessage(stream, { sequence: lastSequence });
  if (newest === undefined) {
    if (messages > 0) throw new Error(`the leader of ${stream} has no message ${lastSequence} yet`);
    throw unusable(stream, `its messages were removed, and with them where the topic ends`);
  }
  const message = decodeLogMessage(newest);
  if (message.kind === "foreign") {
    throw unusable(stream, `message ${lastSequence} is none that this version of netlog writes`);
  }
  if (message.kind === "frames" && message.isDamaged) {
    throw unusable(stream, `message ${lastSequence} is damaged, and with it where the topic ends`);
  }
  if (message.kind === "claim") requireServed(message.claim, unserved);
  return { lastSequence, ...endOf(message), segment: message.envelope.segment, firstSequence, created };
}

/** @throws LostMessages; a leader that has been replaced may not know all, so the caller asks again for a while. */
function requireAcknowledged(
  { acknowledged }: EngineShared,
  stream: string,
  created: string,
  lastSequence: number,
): void {
  const known = acknowledged.get(stream);
  if (known?.created !== created) acknowledged.delete(stream);
  else if (lastSequence < known.sequence) {
    throw new LostMessages(
      `NATS has lost messages of the topic that it had acknowledged: ${stream} ends at message ${lastSequence}, and had ${known.sequence}`,
    );
  }
}

/** A server may have read that there is a topic when that was so. @throws topic_unavailable. */
function requireServed({ unserved: found }: Claim, wanted: Unserved | undefined): void {
  if (found === undefined || found === wanted) return;
  throw new NetlogError("topic_unavailable", { reason: UNSERVED_REASONS[found] });
}

function unusable(stream: string, what: string): NetlogError {
  return new NetlogError("topic_unavailable", {
    reason: `the stream ${stream} of NATS cannot be used: ${what}`,
  });
}
