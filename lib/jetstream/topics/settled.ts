/**
 * Requests that change streams, until their outcome is known. Each of them may be sent again: a stream is made with an id of
 * its own, and a request that deletes or describes one looks at its id first, each time.
 */
import { NetlogError } from "../../base/errors.ts";
import type { Runtime } from "../../base/runtime.ts";
import { isJetStreamError, NoAnswer } from "../nats/errors.ts";
import type { JetstreamCaps } from "../nats/limits.ts";
import { refusedByEngine } from "../nats/refusals.ts";

export interface SettledOptions {
  readonly runtime: Runtime;
  readonly limits: JetstreamCaps;
  /** What is changed: the subject of a sentence. */
  readonly what: string;
}

/**
 * What `request` gives. It is tried again while NATS does not answer, or has no leader, for `engineResolveMs`.
 *
 * @throws storage_full, topic_unavailable: nothing was done; sync_failed: nobody knows; JetStreamError: any other refusal.
 */
export async function settled<Answer>(
  { runtime, limits, what }: SettledOptions,
  request: () => Promise<Answer>,
): Promise<Answer> {
  const endMs = runtime.elapsedMs() + limits.engineResolveMs;
  let mayBeDone = false;
  for (;;) {
    try {
      return await request();
    } catch (error) {
      mayBeDone ||= isUnknown(error);
      if (isPassing(error) && runtime.elapsedMs() < endMs) {
        await new Promise<void>((resolve) => void runtime.setTimer(limits.engineRetryMs, resolve));
      } else if (mayBeDone) {
        const reason = `nobody knows what became of ${what}: NATS did not answer; it may be done`;
        throw new NetlogError("sync_failed", { reason, cause: error });
      } else if (isJetStreamError(error) && !isPassing(error)) throw error;
      else throw refusedByEngine(error, what);
    }
  }
}

/** NATS may say something else soon. */
function isPassing(error: unknown): boolean {
  if (error instanceof NoAnswer) return error.kind !== "closed";
  return isJetStreamError(error, "clusterUnavailable") || isJetStreamError(error, "clusterNoLeader");
}

/** Nobody knows whether the request was carried out. */
function isUnknown(error: unknown): boolean {
  return error instanceof NoAnswer && ["timeout", "disconnected", "denied"].includes(error.kind);
}
