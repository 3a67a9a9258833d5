/** Why a server cannot begin on this NATS, in one line for the person who starts it: what is wrong, and what mends it. */
import { isJetStreamError, NoAnswer } from "../nats/errors.ts";

export class EngineStartError extends Error {
  override readonly name = "EngineStartError";
  /** NATS may only be starting. */
  readonly mayPass: boolean;

  constructor(
    message: string,
    { cause, mayPass = false }: { cause?: unknown; mayPass?: boolean | undefined } = {},
  ) {
    super(message, { cause });
    this.mayPass = mayPass;
  }
}

/** Users and passwords stay out of what is printed. */
export function withoutSecrets(servers: readonly string[]): string {
  return servers.map((server) => server.replace(/\/\/[^/]*@/, "//***@")).join(", ");
}

const WHERE_CREDENTIALS_ARE = "name a file with --engine-credentials, or user and password in --engine";

/** For what no connection came of; `cure` is for refused credentials. `undefined` for a defect. */
export function explainConnect(
  error: unknown,
  servers: readonly string[],
  cure: string = WHERE_CREDENTIALS_ARE,
): EngineStartError | undefined {
  if (!(error instanceof Error)) return undefined;
  const names = withoutSecrets(servers);
  const refuse = (reason: string): EngineStartError =>
    new EngineStartError(`NATS at ${names}: ${reason}`, { cause: error });
  // The client has classes of these names, which would have to be loaded to be compared with.
  switch (error.name) {
    case "AuthorizationError":
    case "UserAuthenticationExpiredError":
      return refuse(`it refused the credentials, or wants some; ${cure}`);
    case "TimeoutError":
      return refuse("it does not speak as NATS does, or is too slow; is this the port of clients (4222)?");
    case "ConnectionError":
    case "ClosedConnectionError":
      return refuse(`no connection (${textOf(error)}); is it running, and is --engine right?`);
    default:
      return refuse(`no connection (${textOf(error)}); is --engine right?`);
  }
}

/**
 * For JetStream's refusal of a request. `undefined` for a defect. Where nobody serves JetStream, another server of the cluster
 * may begin to (`isInCluster`); a server that is alone has it on or off from its start.
 */
export function explainRefusal(
  error: unknown,
  copies: number,
  isInCluster = false,
): EngineStartError | undefined {
  const mayPass =
    (error instanceof NoAnswer &&
      error.kind !== "denied" &&
      (isInCluster || error.kind !== "no_responders")) ||
    isJetStreamError(error, "clusterNoPeers") ||
    isJetStreamError(error, "clusterUnavailable");
  const refuse = (reason: string): EngineStartError =>
    new EngineStartError(reason, { cause: error, mayPass });
  if (error instanceof NoAnswer) {
    if (error.kind === "no_responders") {
      return refuse("NATS runs without JetStream; netlog needs `jetstream` in its configuration");
    }
    if (error.kind === "denied") {
      return refuse(
        `the user of NATS lacks permissions on ${error.subject}; ` +
          "give it those to publish and subscribe to $JS.API.>, _INBOX.> and the subjects of netlog",
      );
    }
    return refuse("NATS does not answer requests of JetStream, which may have no leader now");
  }
  if (isJetStreamError(error, "notEnabledForAccount") || isJetStreamError(error, "notEnabled")) {
    return refuse("JetStream is not enabled for this account of NATS; enable it there, or use another user");
  }
  if (isJetStreamError(error, "noReplicasWithoutCluster")) {
    return refuse(
      `this NATS is one server, and cannot keep ${copies} copies; start a cluster, or say --engine-copies 1`,
    );
  }
  if (isJetStreamError(error, "clusterNoPeers") || isJetStreamError(error, "insufficientResources")) {
    return refuse(
      `NATS has no room for ${copies} copies of a topic (${error.description}): ` +
        "it needs as many servers with JetStream, and space on their disks; --engine-copies says how many copies",
    );
  }
  if (isJetStreamError(error, "streamExists")) {
    return refuse(
      "a stream of another program takes the subjects that netlog uses; remove it, or say --engine-prefix with a name of its own",
    );
  }
  if (isJetStreamError(error, "clusterUnavailable")) {
    return refuse(
      `too few servers of NATS have JetStream on now (${error.description}); ` +
        "their logs say why: one whose disk is full turns it off until it is started again",
    );
  }
  return isJetStreamError(error)
    ? refuse(`NATS refused a request of JetStream: ${error.description}`)
    : undefined;
}

function textOf(error: Error): string {
  return error.cause instanceof Error ? error.cause.message : error.message;
}
