/** The caps of connections, of requests on their way in and of answers on their way out; and all caps of the server. */
import {
  LIMITS as ENGINE_LIMITS,
  type Limits as EngineLimits,
  KiB,
  MINUTE_MS,
  MiB,
  SECOND_MS,
} from "../../lib/index.ts";
import { AuthCaps } from "../auth/limits.ts";
import { WireCaps } from "../wire/limits.ts";

class HttpCaps {
  /**
   * A body that came whole and an answer that is being made count when they are larger. What the client keeps waiting
   * counts from the first byte on: a body that is not whole, an answer that is not taken.
   */
  readonly uncountedBytes: number = 64 * KiB;
  /** What there is beyond `bytesInFlight` for what is not larger than `uncountedBytes` and counts all the same. */
  readonly smallBytesInFlight: number = 64 * MiB;
  /** What a body that is being unpacked counts, beside its bytes when those are more than `uncountedBytes`. */
  readonly unpackerBytes: number = 128 * KiB;
  /** Request line and headers together. */
  readonly headerBytes: number = 16 * KiB;
  /** From the first byte of a request to the end of its headers. */
  readonly headersMs: number = 30 * SECOND_MS;
  /** The server gives up a request's body that brings nothing for this time (up to twice as long). */
  readonly bodyIdleMs: number = 30 * SECOND_MS;
  /** Open connections. */
  readonly connections: number = 16_384;
  /** Further connections, which are kept until their first request got its refusal. */
  readonly surplusConnections: number = 256;
  /** Requests that wait for a message or for another server, and calls of gRPC under way; streams of HTTP are bounded by connections. */
  readonly waitingRequests: number = 16_384;
  /** The part of the bytes in flight, and of the requests that wait, that one token may have, in percent. */
  readonly tokenSharePercent: number = 50;
  /** The part of the same, of the open connections, and of `grpcOpenCalls`, that one address may have, in percent. */
  readonly addressSharePercent: number = 90;
  /** Calls of one gRPC connection under way at once; its client keeps further ones back. */
  readonly grpcConnectionCalls: number = 1000;
  /** Calls of gRPC under way that need no token. They take no place of `waitingRequests`. */
  readonly grpcOpenCalls: number = 1024;
  /** Fields of one gRPC request, and elements of its lists; of a batch, each message has so many. */
  readonly grpcFields: number = 1000;
  /** Topics that cannot be served, as a refusal of `/-/ready` lists them. */
  readonly failedTopicsListed: number = 100;
  /** Requests of one connection under way at once, small publishes alone: others are taken up one after the other. */
  readonly pipelinedRequests: number = 48;
  /** Bytes of one connection that are read before their turn. Behind more of them no request waits. */
  readonly pipelinedBytes: number = 64 * KiB;
  /** A stream in may be silent for ever; after this time the server probes its connection. */
  readonly streamInProbeMs: number = 30 * SECOND_MS;
  /** A connection without a request. */
  readonly keepAliveMs: number = 65 * SECOND_MS;
  /** The rest of a body that nobody wants: read and dropped up to this, so that the connection can be kept. */
  readonly skippedBodyBytes: number = 64 * KiB;
  /** A longer rest: the answer is given, and this much is dropped before the connection is closed. */
  readonly lingerBytes: number = 32 * MiB;
  /** The time for which it is dropped. */
  readonly lingerMs: number = 2 * SECOND_MS;
  /** The largest body that is relayed to another server; a larger one goes there by HTTP. */
  readonly relayedBodyBytes: number = 64 * KiB;
  /** Time in which a connection to another server of the same topics has to come about. */
  readonly forwardConnectMs: number = 2 * SECOND_MS;
  /** Time between two looks at whether another server can be reached, while requests to it are under way. */
  readonly forwardProbeMs: number = 5 * SECOND_MS;
  /** Time for the answer where another server is asked about its topics, or whether it can be reached. */
  readonly forwardAskMs: number = 5 * SECOND_MS;
  /** The largest such answer. */
  readonly forwardAskBytes: number = 4 * MiB;
  /** A connection to another server without a request. It has to be shorter than the other one's `keepAliveMs`. */
  readonly forwardIdleMs: number = 4 * SECOND_MS;
  /** Silence of a stream out; then the server sends a heartbeat. */
  readonly heartbeatMs: number = 15 * SECOND_MS;
  /** The server cuts an answer whose reader takes nothing of it for this time. */
  readonly stalledMs: number = MINUTE_MS;
  /** Time for which a long poll of a durable stream waits. */
  readonly longPollMs: number = 20 * SECOND_MS;
  /** Time after which an event stream of a durable stream ends; its reader comes back. */
  readonly eventStreamMs: number = MINUTE_MS;
  /** One answer that reads a durable stream; one JSON value always. */
  readonly streamPageBytes: number = MiB;
  /** Topics of one answer of `GET /-/topics`. */
  readonly topicsListed: number = 500;
  /** Scanners of one answer of ListScanners over gRPC. */
  readonly scannersListed: number = 500;
  /** Messages of one answer of `GET /:topic/pending`. */
  readonly pendingListed: number = 1000;
  /** Time between log lines about failures of the system with the same code. */
  readonly failureLogMs: number = 10 * SECOND_MS;
  /** Time for requests in flight when the server stops. */
  readonly stopMs: number = 10 * SECOND_MS;
  /** Topics that have figures of their own in the metrics; the others are one sum. */
  readonly metricTopics: number = 200;
  /** Scanners of all topics that have figures of their own in the metrics; the others are one sum. */
  readonly metricScanners: number = 200;
}

/** What server/http and the doors are handed. */
export interface Limits extends EngineLimits, WireCaps, AuthCaps, HttpCaps {}

/** All caps of the server, those of the engine included, each with the value that holds where no other is handed in. */
export const LIMITS: Limits = {
  ...ENGINE_LIMITS,
  ...new WireCaps(),
  ...new AuthCaps(),
  ...new HttpCaps(),
};
