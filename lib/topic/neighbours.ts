/**
 * The other servers of a storage that several servers share: each topic is served by one of them, its owner. A storage in
 * files has one server, and no neighbours.
 */
import type { Tally } from "../base/tally.ts";
import type { NewMessage } from "../message/new-message.ts";

/** What a server does on the storage that it shares: numbers that only grow, unless they say that they are of now. */
export interface EngineFigures {
  /** Now: there is a connection, and heartbeats come back. */
  readonly isConnected: boolean;
  /** Now: what holds the storage has each message on its disks before it acknowledges it, as far as it can be asked. */
  readonly isSynced: boolean;
  /**
   * Now: the part of its room that the fullest of the servers that hold the storage has used, 0 to 1; `undefined`: it is not
   * known.
   */
  readonly roomUsedRatio: number | undefined;
  /** Now: other servers that live; and topics of all servers, those without a living owner among them. */
  readonly otherServerCount: number;
  readonly topicCount: number;
  readonly ownerlessCount: number;
  /** Messages that the storage has acknowledged, and how long that took. */
  readonly ackMs: Tally;
  /** Sendings whose outcome nobody knew at first; and those whose outcome was found out. */
  readonly unknownOutcomes: number;
  readonly resolvedOutcomes: number;
  /** Topics that this server took up, and that another one took from it. */
  readonly takeovers: number;
  readonly fences: number;
  /** Logs that ended because an outcome stayed unknown; and because what was acknowledged is lost. */
  readonly unresolvedEnds: number;
  readonly dataLosses: number;
  /** Messages read one by one, and many at a time. */
  readonly singleReads: number;
  readonly fetchedReads: number;
  /** Requests that were relayed to other servers, and the messages that took them there. */
  readonly relayedRequests: number;
  readonly relayMessages: number;
}

/** A request that is relayed, or its answer. The relay does not know what its texts mean. */
export interface Relayed {
  /** They have Latin-1 characters, as headers of HTTP do. */
  readonly texts: readonly string[];
  readonly body: Buffer;
}

/** The answer to a request that was relayed. `not_taken`: nothing was done; `unknown`: it may have been done. */
export type RelayOutcome = Relayed | "not_taken" | "unknown";

/** Takes one request, and is to call `respond` once; without an answer where there is none. */
export type TakeRelayed = (request: Relayed, respond: (answer: Relayed | undefined) => void) => void;

/** Small requests on their way to other servers by way of the storage, many at a time. */
export interface Relay {
  /** The most bytes that these texts, and a body of so many bytes, take on their way; `undefined`: `send` does not take them. */
  bytesOf(texts: readonly string[], bodyBytes: number): number | undefined;
  /** Requests to the server at this URL may go this way now. */
  reaches(url: string): boolean;
  /** Never rejects, and always has an outcome. */
  send(url: string, request: Relayed): Promise<RelayOutcome>;
  /** Takes the requests of other servers. The function returned ends that: when it resolves, all that were sent here are taken. */
  receive(take: TakeRelayed): () => Promise<void>;
}

export interface Neighbours {
  /** `undefined`: all requests go by HTTP. */
  readonly relay?: Relay | undefined;
  /** Topics of the storage that this server does not own, sorted. A change makes another array. */
  readonly names: readonly string[];
  /** The URLs of the servers that own some of them. */
  readonly servers: readonly string[];
  /** One of the topics. */
  has(name: string): boolean;
  /** A topic that this server serves is its own for certain: else ownerOf says when it is, or which server has it. */
  isCertain(name: string): boolean;
  /**
   * The URL of the server that owns a topic which this one does not serve for certain; a promise where the storage has to
   * be asked.
   * `undefined`: there is no such topic, or this server owns it by now.
   *
   * @throws topic_unavailable: no server owns it now; one takes it over soon.
   */
  ownerOf(name: string): string | undefined | Promise<string | undefined>;
  /** The URL of the gRPC port of the server at this URL; `undefined`: it tells none. */
  grpcOf(url: string): string | undefined;
  /** Publishes a dead letter where its topic is; stored when it resolves. @throws as publishing does; what NATS refuses with. */
  sendLetter(topic: string, message: NewMessage): Promise<void>;
  figures(): EngineFigures;
  /** Another server has deleted the topic, or may have. When it resolves, this one knows. Never rejects. */
  lookAgain(name: string): Promise<void>;
  /** A request to the server at this URL got no answer. */
  suspect(url: string): void;
  /** Calls `hear` with the URL of each server that is gone: requests that wait for it get no answer. Gives what ends that. */
  watchGone(hear: (url: string) => void): () => void;
}
