/** The server: what cmd/ starts and stops. HTTP by node:http itself, every request through dispatch.ts. */
import { createServer, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { LIMITS, type Limits, type Logger, type Netlog, nodeRuntime, type Runtime } from "../lib/index.ts";
import { accept } from "./accept.ts";
import { Exchange, type ServerContext } from "./exchange.ts";
import { Gate } from "./gate.ts";
import { IdleWatch } from "./idle-watch.ts";
import { refuseConnect, refuseMalformed } from "./malformed.ts";
import { stopServer } from "./stop.ts";
import { Traffic } from "./traffic.ts";
import { TurnQueue } from "./turn-queue.ts";

const UNKNOWN_VERSION = "0.0.0";
/** How often Node looks for headers that are late. */
const MAX_CHECK_MS = 5000;

export interface ServerOptions {
  readonly netlog: Netlog;
  /** Name or address to listen on. */
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  readonly logger: Logger;
  /** Host names that are this server's too, while it listens on loopback. */
  readonly allowedHosts?: readonly string[];
  /** Origins of pages that may use this server. */
  readonly corsOrigins?: readonly string[];
  /** Of the program, for whoever asks. */
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
  /**
   * Takes no more connections, ends waiting scans, lets the other requests finish, and resolves when all
   * connections are closed; those that are left after the grace are cut. The Netlog stays open.
   */
  stop(options?: StopOptions): Promise<void>;
}

/** Resolves when the server listens; rejects with Node's error (EADDRINUSE, …) when it cannot. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { netlog, logger, version = UNKNOWN_VERSION, limits = LIMITS, runtime = nodeRuntime } = options;
  const server = createServer({
    maxHeaderSize: limits.headerBytes,
    headersTimeout: limits.headersMs,
    keepAliveTimeout: limits.keepAliveMs,
    // A stream that comes in has no end in time; a body that stops coming is idle-watch.ts's.
    requestTimeout: 0,
    // Else a second Host or Origin would be dropped unseen.
    joinDuplicateHeaders: true,
    // Else a request without it gets an answer without a body: accept.ts refuses it.
    requireHostHeader: false,
    connectionsCheckingInterval: Math.min(limits.headersMs, MAX_CHECK_MS),
  });
  const address = await listen(server, options.host, options.port);
  const { allowedHosts = [], corsOrigins = [] } = options;
  const gate = new Gate({ allowedHosts, corsOrigins, address: address.address, port: address.port });
  const watch = new IdleWatch(runtime, limits.bodyIdleMs);
  const turn = new TurnQueue(runtime);
  const traffic = new Traffic();
  const surroundings = { netlog, logger, limits, runtime, watch, gate, turn, traffic, version };
  const context: ServerContext = { ...surroundings, isStopping: false };
  const unused = serve(server, context);
  return {
    url: `http://${address.family === "IPv6" ? `[${address.address}]` : address.address}:${address.port}`,
    host: options.host,
    port: address.port,
    stop: ({ graceMs = limits.stopMs } = {}) => stopServer(server, context, unused, graceMs),
  };
}

/** Handles what comes. Gives the connections that brought no request yet, which Node does not count as idle. */
function serve(server: Server, context: ServerContext): ReadonlySet<Socket> {
  const unused = new Set<Socket>();
  server.on("connection", (socket) => {
    unused.add(socket);
    socket.once("close", () => unused.delete(socket));
  });
  server.on("request", (incoming, outgoing) => {
    unused.delete(incoming.socket);
    accept(new Exchange(context, incoming, outgoing, false));
  });
  server.on("checkContinue", (incoming, outgoing) => {
    unused.delete(incoming.socket);
    accept(new Exchange(context, incoming, outgoing, true));
  });
  // Whatever else is expected of the server is ignored.
  server.on("checkExpectation", (incoming, outgoing) => server.emit("request", incoming, outgoing));
  server.on("clientError", (error, socket) => refuseMalformed(context, error, socket));
  server.on("connect", (_incoming, socket) => refuseConnect(context, socket));
  return unused;
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
