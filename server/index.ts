/** The server: what cmd/ starts and stops. HTTP by node:http itself, every request through dispatch.ts. */
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Server as TlsServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { fileURLToPath } from "node:url";
import { type Logger, type Netlog, nodeRuntime, type Runtime } from "../lib/index.ts";
import { Access } from "./auth/access.ts";
import { ClientAddresses, type Network } from "./auth/client-address.ts";
import { Gate } from "./auth/gate.ts";
import { type Rate, RateLimit } from "./auth/rate-limit.ts";
import type { TokenRecord } from "./auth/token-record.ts";
import { consoleDoor } from "./console/door.ts";
import { streamsDoor } from "./durable-streams/door.ts";
import type { GrpcOptions, GrpcServer } from "./grpc/grpc-server.ts";
import { accept, type Doors } from "./http/accept.ts";
import { type Certificate, checkCertificate } from "./http/certificate.ts";
import { Connections } from "./http/connections.ts";
import type { ServerContext, Views } from "./http/context.ts";
import { Exchange } from "./http/exchange.ts";
import { createHttpServer, secureContextOf } from "./http/http-server.ts";
import type { HttpSocket } from "./http/http-socket.ts";
import { IdleWatch } from "./http/idle-watch.ts";
import { LIMITS, type Limits } from "./http/limits.ts";
import { refuseConnect, refuseMalformed } from "./http/malformed.ts";
import { NO_TOPICS } from "./http/no-topics.ts";
import { NodeRequest } from "./http/node-request.ts";
import { Occupancy } from "./http/occupancy.ts";
import { Peers } from "./http/peers.ts";
import { RequestLog } from "./http/request-log.ts";
import { serveRelayed } from "./http/serve-relayed.ts";
import { stopServer } from "./http/stop.ts";
import { Traffic } from "./http/traffic.ts";
import { TurnQueue } from "./http/turn-queue.ts";
import { LoopWatch } from "./metrics/loop-watch.ts";
import { ownPagesDoor, topicsDoor } from "./netlog/doors.ts";

export { type Network, parseNetwork } from "./auth/client-address.ts";
export { isLoopback } from "./auth/gate.ts";
export { parseRate, type Rate } from "./auth/rate-limit.ts";
export { RIGHTS, type Right } from "./auth/rights.ts";
export { hashToken, newToken } from "./auth/token.ts";
export {
  checkRecord,
  formatTokenFile,
  HASH_PREFIX,
  parseTokenFile,
  TokenFileError,
  type TokenRecord,
} from "./auth/token-record.ts";
export { type Certificate, CertificateError, checkCertificate } from "./http/certificate.ts";
export type { Views } from "./http/context.ts";
export type { Door } from "./http/door.ts";
export { LIMITS, type Limits } from "./http/limits.ts";
export { viewsDoor } from "./netlog/doors.ts";
export { withoutTokens } from "./wire/quote.ts";

/** Another door is mounted here. */
function doorsOf(consoleFolder: string | undefined): Doors {
  const consoles = consoleFolder === undefined ? [] : [consoleDoor(consoleFolder)];
  return { main: topicsDoor, others: [streamsDoor, ...consoles, ownPagesDoor] };
}

/** Where the build puts the console's files. */
export const CONSOLE_FOLDER: string = fileURLToPath(new URL("console/files", import.meta.url));

const UNKNOWN_VERSION = "0.0.0";

export interface ListenOn {
  /** Name or address to listen on. */
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
}

export interface ServerOptions extends ListenOn {
  /** `undefined`: the doors know no topics. */
  readonly netlog: Netlog | undefined;
  /** The log's own by default. */
  readonly doors?: Doors;
  /** Views that run in this process. */
  readonly views?: Views | undefined;
  readonly logger: Logger;
  /** How many lines the logger dropped so far, for the metrics. */
  readonly droppedLogLines?: () => number;
  /** Host names that are this server's too, while it listens on loopback. */
  readonly allowedHosts?: readonly string[];
  /** Origins of pages that may use this server. */
  readonly corsOrigins?: readonly string[];
  /** Only who has one of these may do anything, as far as it goes. Without them everybody may do everything. */
  readonly tokens?: readonly TokenRecord[] | undefined;
  /** Metrics are for everybody all the same. */
  readonly areMetricsOpen?: boolean;
  /** Only TLS is spoken, with this certificate. */
  readonly certificate?: Certificate | undefined;
  /** Where the log is served over gRPC, too. Without it nothing of gRPC is loaded. */
  readonly grpc?: ListenOn | undefined;
  /** How often each client may ask. */
  readonly rate?: Rate | undefined;
  /** Proxies that are believed about who calls them. */
  readonly trustedProxies?: readonly Network[];
  /** The console's files, as CONSOLE_FOLDER has them. Without it there is no console. */
  readonly consoleFolder?: string | undefined;
  /** Version of the program, which `/-/version` shows. */
  readonly version?: string;
  readonly limits?: Limits;
  readonly runtime?: Runtime;
}

export interface StopOptions {
  /** How long requests in flight may take to finish, ms. */
  readonly graceMs?: number;
}

export interface RunningServer {
  /** For a client on this machine. */
  readonly url: string;
  readonly host: string;
  readonly port: number;
  /** The port of gRPC, where that is served. */
  readonly grpcPort: number | undefined;
  /** From here on these are valid, and no others. Not for a server that was started without tokens. */
  replaceTokens(tokens: readonly TokenRecord[]): void;
  /** For connections from here on. Not for a server that was started without one. @throws CertificateError. */
  replaceCertificate(certificate: Certificate): void;
  /**
   * Takes no more connections, ends waiting scans, lets the other requests finish, and resolves when all
   * connections are closed; those that are left after the grace are cut. The Netlog stays open.
   */
  stop(options?: StopOptions): Promise<void>;
}

/**
 * Resolves when the server listens; rejects with Node's error (EADDRINUSE, …) when it cannot, and then listens nowhere.
 *
 * @throws CertificateError.
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { certificate, limits = LIMITS, runtime = nodeRuntime } = options;
  if (certificate !== undefined) checkCertificate(certificate);
  const server = createHttpServer(limits, certificate);
  const address = await listen(server, options.host, options.port);
  const clientAddresses = new ClientAddresses(options.trustedProxies ?? []);
  const occupancy = new Occupancy(limits, clientAddresses);
  const connections = new Connections(server, limits, occupancy, runtime, certificate !== undefined);
  const context = createContext(options, address, { clientAddresses, occupancy, connections });
  const forgetGone = context.netlog.neighbours?.watchGone((url) => context.peers.drop(url));
  const doors = options.doors ?? doorsOf(options.consoleFolder);
  serve(server, connections, context, doors);
  const relay = context.netlog.neighbours?.relay;
  const relayed = relay && serveRelayed(relay, context, doors);
  let grpc: GrpcServer | undefined;
  try {
    grpc = options.grpc && (await serveGrpc(context, options.grpc, certificate));
  } catch (error) {
    await stopServer(server, connections, context, 0);
    throw error;
  }
  const scheme = certificate === undefined ? "http" : "https";
  return {
    url: `${scheme}://${spelledHost(address.address)}:${address.port}`,
    host: options.host,
    port: address.port,
    grpcPort: grpc?.port,
    replaceTokens: (tokens) => context.access?.replace(tokens),
    replaceCertificate: (next) => {
      checkCertificate(next);
      (server as TlsServer).setSecureContext(secureContextOf(next));
      grpc?.replaceCertificate(next);
    },
    stop: async ({ graceMs = limits.stopMs } = {}) => {
      const endMs = context.runtime.elapsedMs() + graceMs;
      await Promise.all([stopServer(server, connections, context, graceMs), grpc?.stop(graceMs)]);
      // Other servers send requests for this one's topics until these are given away.
      await relayed?.stop(Math.max(0, endMs - context.runtime.elapsedMs()));
      forgetGone?.();
      context.peers.close();
    },
  };
}

function createContext(
  options: ServerOptions,
  { address, port }: Pick<AddressInfo, "address" | "port">,
  shared: Pick<ServerContext, "clientAddresses" | "occupancy" | "connections">,
): ServerContext {
  const {
    netlog = NO_TOPICS,
    views,
    logger,
    version = UNKNOWN_VERSION,
    limits = LIMITS,
    runtime = nodeRuntime,
  } = options;
  const { allowedHosts = [], corsOrigins = [], areMetricsOpen = false } = options;
  const { tokens, rate, certificate, droppedLogLines = () => 0 } = options;
  return {
    ...shared,
    netlog,
    peers: new Peers({ limits, runtime, logger }),
    views,
    logger,
    droppedLogLines,
    limits,
    runtime,
    hasConsole: options.consoleFolder !== undefined,
    version,
    requestLog: new RequestLog(logger, runtime, limits),
    watch: new IdleWatch(runtime, limits),
    gate: new Gate({ allowedHosts, corsOrigins, address, port, isSecure: certificate !== undefined }),
    access: tokens === undefined ? undefined : new Access(tokens, areMetricsOpen, runtime),
    rateLimit: rate === undefined ? undefined : new RateLimit(rate, limits.rateLimitedClients, runtime),
    openRateLimit: new RateLimit(
      { count: limits.openRequestsPerSecond, periodMs: 1000 },
      limits.rateLimitedClients,
      runtime,
      "requests that need no token (openRequestsPerSecond)",
    ),
    refusalRateLimit: new RateLimit(
      { count: limits.refusalsPerSecond, periodMs: 1000 },
      limits.rateLimitedClients,
      runtime,
      "requests without a valid token (refusalsPerSecond)",
    ),
    turn: new TurnQueue(runtime),
    traffic: new Traffic(),
    // The event loop is the process's own, whatever clock the rest goes by.
    loop: new LoopWatch(nodeRuntime),
    isStopping: false,
  };
}

export type GrpcServices = Pick<GrpcOptions, "services" | "methods" | "isReady">;

/** A port that speaks gRPC alone. */
export interface RunningGrpcServer extends Omit<RunningServer, "grpcPort"> {
  /** Its calls so far, by the path of the method: figures that go on. */
  readonly calls: Traffic["calls"];
}

/** Not the log's own port. @throws as startServer does. */
export async function startGrpcServer(
  options: Omit<ServerOptions, "netlog" | "doors" | "views" | "grpc"> & GrpcServices,
): Promise<RunningGrpcServer> {
  const { certificate, host, port, limits = LIMITS, services, methods, isReady } = options;
  if (certificate !== undefined) checkCertificate(certificate);
  const clientAddresses = new ClientAddresses(options.trustedProxies ?? []);
  const occupancy = new Occupancy(limits, clientAddresses);
  const connections = {
    droppedCount: 0,
    get count() {
      return occupancy.all.connectionCount;
    },
  };
  const listensOn = { address: host, port };
  const shared = { clientAddresses, occupancy, connections };
  const context = createContext({ ...options, netlog: undefined }, listensOn, shared);
  const { startGrpc } = await import("./grpc/grpc-server.ts");
  const server = await startGrpc({ context, host, port, certificate, services, methods, isReady });
  return {
    url: `${spelledHost(server.address)}:${server.port}`,
    host,
    port: server.port,
    replaceTokens: (tokens) => context.access?.replace(tokens),
    replaceCertificate: (next) => {
      checkCertificate(next);
      server.replaceCertificate(next);
    },
    calls: context.traffic.calls,
    stop: ({ graceMs = limits.stopMs } = {}) => server.stop(graceMs),
  };
}

function spelledHost(address: string): string {
  return address.includes(":") ? `[${address}]` : address;
}

/** The log over gRPC, whose code and libraries are loaded now. */
async function serveGrpc(
  context: ServerContext,
  { host, port }: ListenOn,
  certificate: Certificate | undefined,
): Promise<GrpcServer> {
  const [{ startGrpc }, { logService }] = await Promise.all([
    import("./grpc/grpc-server.ts"),
    import("./grpc/log/service.ts"),
  ]);
  return await startGrpc({ context, host, port, certificate, ...logService(context) });
}

/** Handles what comes. */
function serve(server: Server, connections: Connections, context: ServerContext, doors: Doors): void {
  const take = (incoming: IncomingMessage, outgoing: ServerResponse, awaitsContinue: boolean): void => {
    context.loop.noteWork();
    const connection = connections.of(incoming.socket);
    const request = new NodeRequest(context, connection, incoming, outgoing, awaitsContinue);
    connection.begin(request);
    accept(doors, new Exchange(context, request));
  };
  server.on("request", (incoming, outgoing) => take(incoming, outgoing, false));
  server.on("checkContinue", (incoming, outgoing) => take(incoming, outgoing, true));
  // Whatever else is expected of the server is ignored.
  server.on("checkExpectation", (incoming, outgoing) => server.emit("request", incoming, outgoing));
  // Before Node's own listener: nothing can be told in a handshake.
  server.prependListener("tlsClientError", (error: NodeJS.ErrnoException, socket: Socket) => {
    context.logger.debug({ code: error.code }, "a TLS handshake failed");
    socket.destroy();
  });
  const refusals = { ...context, connections };
  server.on("clientError", (error, socket) => refuseMalformed(refusals, error, socket as HttpSocket));
  server.on("connect", (_incoming, socket) => refuseConnect(refusals, socket as HttpSocket));
}

function listen(server: Server, host: string, port: number): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      const address = server.address();
      if (address === null || typeof address === "string") throw new TypeError("not a TCP address");
      resolve(address);
    });
  });
}
