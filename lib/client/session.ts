/** What topics and scanners share: the connection and the patience of their client. */
import type { Call, Connection, Reply } from "./connection.ts";
import { NetlogClientError } from "./errors.ts";
import { isTransient, type RepeatMode, type RetryPolicy, retrying } from "./retry.ts";

/** A signal that ends the call: it rejects with the signal's reason. */
export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
}

export interface Session {
  readonly connection: Connection;
  readonly policy: RetryPolicy;
  /** Repeats a call as `mode` allows. */
  call(call: Call, mode: RepeatMode): Promise<Reply>;
  /** As call, for an answer in JSON. @throws unexpected_answer when it is none. */
  json<T>(call: Call, mode: RepeatMode): Promise<T>;
  /** Repeats what makes its own calls. */
  repeat<T>(mode: RepeatMode, signal: AbortSignal | undefined, attempt: () => Promise<T>): Promise<T>;
}

/** `policyOf` is asked after each failure. */
export function sessionOf(
  connection: Connection,
  policyOf: () => RetryPolicy,
  onAnswer = (): void => {},
): Session {
  const { runtime } = connection;
  const repeat: Session["repeat"] = (mode, signal, attempt) =>
    retrying({ policyOf, mode, runtime, signal }, async () => {
      try {
        const result = await attempt();
        onAnswer();
        return result;
      } catch (error) {
        if (!isTransient(error)) onAnswer();
        throw error;
      }
    });
  return {
    connection,
    get policy() {
      return policyOf();
    },
    repeat,
    call: (call, mode) => repeat(mode, call.signal, () => connection.call(call)),
    json: <T>(call: Call, mode: RepeatMode) =>
      repeat(mode, call.signal, async () => parseJson<T>(await connection.call(call))),
  };
}

export interface PatienceOptions extends CallOptions {
  /** Called for each failure before the client waits and tries again, with the wait in ms. */
  readonly onRetry?: ((error: unknown, delayMs: number) => void) | undefined;
}

const PATIENT_MAX_DELAY_MS = 30_000;

/**
 * The same for a loop without end: as patient as the client until the server has answered once, and then for as long
 * as it takes, until the signal is aborted.
 */
export function patientSession(
  { connection, policy }: Session,
  { signal, onRetry }: PatienceOptions,
): Session {
  let hasAnswered = false;
  const first: RetryPolicy = { ...policy, onRetry };
  const later: RetryPolicy = {
    ...first,
    attempts: Number.POSITIVE_INFINITY,
    maxTotalMs: Number.POSITIVE_INFINITY,
    maxDelayMs: Math.max(policy.maxDelayMs, PATIENT_MAX_DELAY_MS),
  };
  return sessionOf(
    connection,
    () => (hasAnswered && signal?.aborted !== true ? later : first),
    () => {
      hasAnswered = true;
    },
  );
}

/** The same for a call that is done once however often it is sent: tries have no number, only the policy's time. */
export function untilTimeIsOver(session: Session): Session {
  const { connection, policy } = session;
  const attempts = policy.attempts === 1 ? 1 : Number.POSITIVE_INFINITY;
  return sessionOf(connection, () => ({ ...policy, attempts }));
}

export function parseJson<T>({ body }: Reply): T {
  try {
    return JSON.parse(new TextDecoder().decode(body)) as T;
  } catch (cause) {
    throw new NetlogClientError("unexpected_answer", "the answer is no JSON: is this a netlog server?", {
      cause,
    });
  }
}
