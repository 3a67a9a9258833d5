/** What can go wrong between this server and NATS, before it is known what that means for a topic. */

/**
 * Numbers of JetStream's errors (`err_code`), which stay while its texts change. Source: server/errors.json of
 * nats-io/nats-server.
 */
export const JS_CODES = {
  resourceLimits: 10002,
  clusterNoPeers: 10005,
  clusterUnavailable: 10008,
  clusterNoLeader: 10009,
  consumerNotFound: 10014,
  insufficientResources: 10023,
  noMessage: 10037,
  notEnabledForAccount: 10039,
  noStorage: 10047,
  messageTooLong: 10054,
  streamNameExists: 10058,
  streamNotFound: 10059,
  streamMismatch: 10060,
  streamExists: 10065,
  wrongLastSequence: 10071,
  noReplicasWithoutCluster: 10074,
  notEnabled: 10076,
  storeFailed: 10077,
} as const;

/** JetStream answered, and refused. */
export class JetStreamError extends Error {
  readonly errCode: number;
  readonly description: string;

  constructor(errCode: number, description: string) {
    super(`JetStream error ${errCode}: ${description}`);
    this.name = "JetStreamError";
    this.errCode = errCode;
    this.description = description;
  }
}

/**
 * No answer came. `no_responders`: the request reached NATS, and nobody there serves its subject, so nothing was done;
 * `not_connected`: it was not sent. With the others nobody knows what was done; `denied`: the user of NATS may not send
 * requests to `subject`, or not hear answers there, now.
 */
export type NoAnswerKind =
  | "no_responders"
  | "not_connected"
  | "denied"
  | "disconnected"
  | "timeout"
  | "closed";

export class NoAnswer extends Error {
  readonly kind: NoAnswerKind;
  readonly subject: string;

  constructor(kind: NoAnswerKind, subject: string) {
    super(`no answer to ${subject}: ${kind.replaceAll("_", " ")}`);
    this.name = "NoAnswer";
    this.kind = kind;
    this.subject = subject;
  }
}

/** True when `error` is JetStream's, with the number of the given name. */
export function isJetStreamError(error: unknown, code?: keyof typeof JS_CODES): error is JetStreamError {
  return error instanceof JetStreamError && (code === undefined || error.errCode === JS_CODES[code]);
}

/** True when NATS has no room, or may use none: JetStream stored nothing. */
export function isNoRoomError(error: unknown): boolean {
  return (
    isJetStreamError(error, "insufficientResources") ||
    isJetStreamError(error, "noStorage") ||
    isJetStreamError(error, "resourceLimits")
  );
}
