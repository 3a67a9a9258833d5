/**
 * A port that speaks gRPC: what it serves, who may connect, and how it ends. Each has its own reflection and health. The
 * services are the caller's; this file and its neighbours know none of them.
 */
import { createServer, type Server as NetServer, type Socket } from "node:net";
import type { DescService } from "@bufbuild/protobuf";
import { Server, ServerCredentials } from "@grpc/grpc-js";
import type { Certificate } from "../http/certificate.ts";
import { secureContextOf } from "../http/http-server.ts";
import { IdleWatch } from "../http/idle-watch.ts";
import type { Limits } from "../http/limits.ts";
import type { VisitContext } from "../http/visit.ts";
import type { Elsewhere } from "./forward-call.ts";
import { health, type Readiness } from "./health.ts";
import { type CallStream, http2StreamOf } from "./http2-side.ts";
import { AROUND_BYTES, type Method } from "./method.ts";
import { GrpcPeers } from "./peers.ts";
import { reflection } from "./reflection.ts";
import { type Others, serveCall } from "./serve-call.ts";

export interface GrpcOptions {
  readonly context: VisitContext;
  /** Name or address to listen on. */
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** Only TLS is spoken, with this certificate. */
  readonly certificate: Certificate | undefined;
  readonly services: readonly DescService[];
  /** The methods of the services. */
  readonly methods: readonly Method[];
  readonly isReady: Readiness;
  /** Other servers that have some of the topics. */
  readonly elsewhere?: Elsewhere | undefined;
}

export interface GrpcServer {
  readonly address: string;
  readonly port: number;
  /** For connections from here on. Not for a server that was started without one. */
  replaceCertificate(certificate: Certificate): void;
  /** Takes no more calls, and resolves when those under way are done; those that are left after the grace are cut. */
  stop(graceMs: number): Promise<void>;
}

/** Resolves when it listens; rejects with Node's error when it cannot. */
export async function startGrpc(options: GrpcOptions): Promise<GrpcServer> {
  const { context, certificate, services, isReady, elsewhere } = options;
  const { limits } = context;
  const stopping = new AbortController();
  const credentials =
    certificate === undefined ? undefined : new OwnCredentials(certificate, limits.headersMs);
  const server = new Server({
    "grpc.max_receive_message_length": largestRequest(limits),
    "grpc.max_concurrent_streams": limits.grpcConnectionCalls,
    "grpc.max_connection_idle_ms": limits.keepAliveMs,
    "grpc.enable_channelz": 0,
  });
  const peers = new GrpcPeers(limits);
  const forgetGone = elsewhere?.watchGone((origin) => peers.drop(origin));
  const methods = [
    ...options.methods,
    ...reflection(services),
    ...health(services, isReady, stopping.signal),
  ];
  register(server, context, methods, elsewhere && { peers, elsewhere });
  const { injectConnection } = server.createConnectionInjector(
    credentials ?? ServerCredentials.createInsecure(),
  );
  const sockets = new Set<Socket>();
  const listener = createServer((socket) => {
    if (!mayConnect(context, socket)) return;
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    // The library ends the calls of a connection that fails; nothing is left to do here.
    socket.on("error", () => {});
    injectConnection(socket);
  });
  const { address, port } = await listen(listener, options.host, options.port);
  return {
    address,
    port,
    replaceCertificate: (next) => credentials?.replace(next),
    stop: async (graceMs) => {
      stopping.abort();
      const closed = new Promise((resolve) => listener.close(resolve));
      const cut = (): void => {
        server.forceShutdown();
        for (const socket of sockets) socket.destroy();
      };
      const timer = context.runtime.setTimer(graceMs, cut);
      server.tryShutdown(cut);
      await closed;
      timer.cancel();
      forgetGone?.();
      peers.close();
    },
  };
}

/** The largest request that any method takes. Those of the library's own errors that it leads to have no code of ours. */
function largestRequest({ payloadBytes, batchBytes }: Limits): number {
  return Math.max(payloadBytes, batchBytes) + AROUND_BYTES;
}

/** Counts a connection until it is closed. False: it is one too many, and closed. */
function mayConnect({ occupancy, limits, connections }: VisitContext, socket: Socket): boolean {
  const { all } = occupancy;
  const address = occupancy.ofAddress(socket.remoteAddress ?? "");
  const isFull = address !== undefined && address.connectionCount >= address.limits.connections;
  if (isFull || all.connectionCount >= limits.connections) {
    connections.droppedCount += 1;
    socket.destroy();
    return false;
  }
  const shares = address === undefined ? [all] : [all, address];
  for (const share of shares) share.connectionCount += 1;
  socket.once("close", () => {
    for (const share of shares) share.connectionCount -= 1;
  });
  return true;
}

function register(
  server: Server,
  context: VisitContext,
  methods: readonly Method[],
  others: Others | undefined,
): void {
  const { runtime, limits, occupancy } = context;
  const readers = new IdleWatch(runtime, { bodyIdleMs: limits.stalledMs, bodyMs: Infinity });
  // The library hands on bytes: what a request may be made of is known by its call.
  const asBytes = (bytes: Buffer): Buffer => bytes;
  for (const method of methods) {
    const handle = (stream: CallStream): void => {
      const remote = http2StreamOf(stream).session?.socket.remoteAddress ?? "";
      serveCall({ context, readers, address: occupancy.ofAddress(remote) }, method, stream, others);
    };
    // To the library each is a conversation, so that a handler has a call before its request is there.
    server.register(method.path, handle, asBytes, asBytes, "bidi");
  }
}

class OwnCredentials extends ServerCredentials {
  constructor(certificate: Certificate, handshakeTimeout: number) {
    const requestCert = certificate.clientCa !== undefined;
    super({ handshakeTimeout, requestCert }, secureContextOf(certificate));
  }

  replace(certificate: Certificate): void {
    this.updateSecureContextOptions(secureContextOf(certificate));
  }

  override _equals(other: ServerCredentials): boolean {
    return this === other;
  }
}

function listen(server: NetServer, host: string, port: number): Promise<{ address: string; port: number }> {
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
