/** The caps of topics on NATS JetStream. */
import { KiB, MiB, SECOND_MS } from "../../base/limits.ts";
import type { Limits as TopicLimits } from "../../topic/limits.ts";

export class JetstreamCaps {
  /** Time for one attempt to connect to a NATS server. */
  readonly engineConnectMs: number = 5 * SECOND_MS;
  /**
   * Time that NATS has, when a server starts, to become whole: both are often started at once. Three servers of NATS elect a
   * leader within 4 to 9 s, and again where the votes are split. Source: server/raft.go of nats-io/nats-server.
   */
  readonly engineStartMs: number = 30 * SECOND_MS;
  /** Time between two attempts to connect again. */
  readonly engineReconnectMs: number = 250;
  /** Time between two pings of the NATS server; three that stay without an answer end the connection. */
  readonly enginePingMs: number = SECOND_MS;
  /** Time between two heartbeats of a server, and between two rounds that look for topics without an owner. */
  readonly engineHeartbeatMs: number = SECOND_MS;
  /** Silence after which a server counts as dead; one that does not hear itself for so long serves no topics. */
  readonly engineSilenceMs: number = 5 * SECOND_MS;
  /** Names that nobody knows here, looked up at a time. */
  readonly engineLookups: number = 256;
  /** Time between two looks at which topics NATS has. */
  readonly engineTopicsMs: number = 10 * SECOND_MS;
  /** Time between two questions to NATS whether it syncs each message. */
  readonly engineSyncCheckMs: number = 10 * SECOND_MS;
  /** Time for the answer to a request of the JetStream API. */
  readonly engineRequestMs: number = 5 * SECOND_MS;
  /** Time for the ack of an append; then its outcome counts as unknown, and is resolved. */
  readonly engineAckMs: number = 2 * SECOND_MS;
  /** Time for which the log tries to resolve an outcome before it answers sync_failed. */
  readonly engineResolveMs: number = 15 * SECOND_MS;
  /** Time between two tries to resolve an outcome, or to take a log over. */
  readonly engineRetryMs: number = 250;
  /** Time between two looks at the room that NATS has for streams. */
  readonly engineRoomMs: number = 2 * SECOND_MS;
  /** Percent of the room of a NATS server. When they are used, nothing more is stored. */
  readonly engineRoomPercent: number = 90;
  /** Time that requests under way have when a server stops, before others take its topics over. */
  readonly engineGiveAwayMs: number = SECOND_MS;
  /** Time that a server has to keep where its scanners are, whose topic is moved away. */
  readonly engineHandOverMs: number = 400;
  /** Messages with relayed requests on their way to one server; what comes meanwhile shares the next one. */
  readonly engineRelayMessages: number = 8;
  /** Time for the answers to them. An append that NATS does not acknowledge takes up to twice `engineResolveMs`. */
  readonly engineRelayMs: number = 35 * SECOND_MS;
  /** Time between two questions to the other server whether it still has one of them without an answer. */
  readonly engineRelayAskMs: number = 5 * SECOND_MS;
  /** Bytes of frames in one JetStream message; a longer frame has one of its own. */
  readonly engineMessageBytes: number = 512 * KiB;
  /** JetStream messages that a cursor reads one by one, in order, before it takes a consumer. */
  readonly engineSingleReads: number = 64;
  /** JetStream messages that a cursor asks its consumer for at a time. */
  readonly engineFetchMessages: number = 256;
  /** Bytes of them. */
  readonly engineFetchBytes: number = 4 * MiB;
  /** Consumers of all cursors together; what more there are read one by one. */
  readonly engineConsumers: number = 64;
  /** Time after which NATS removes a consumer that is not asked. */
  readonly engineConsumerMs: number = 30 * SECOND_MS;
  /** Time from a scan to the keeping of its scanner's position: later positions of this time share its message. */
  readonly enginePositionMs: number = 100;
  /** Positions that are kept behind each other before those before the newest are removed. */
  readonly enginePositions: number = 64;
}

/** What lib/jetstream is handed. */
export interface Limits extends TopicLimits, JetstreamCaps {}
