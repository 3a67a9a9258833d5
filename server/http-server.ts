/** Node's own server, plain or with TLS: its limits, and which of its connections are idle though it does not know. */
import { createServer, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { Socket } from "node:net";
import type { Limits } from "../lib/index.ts";
import type { Certificate } from "./certificate.ts";

/** How often Node looks for headers that are late. */
const MAX_CHECK_MS = 5000;

/** With TLS it is a `node:https` server, which differs in nothing but what its sockets do. */
export function createHttpServer(limits: Limits, certificate: Certificate | undefined): Server {
  const options = {
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
  };
  if (certificate === undefined) return createServer(options);
  return createTlsServer({ ...options, ...certificate, handshakeTimeout: limits.headersMs });
}

/** Connections that brought no request yet, which Node does not count as idle. */
export class UnusedConnections {
  readonly #sockets = new Set<Socket>();
  /** In their TLS handshake, by what such a connection has in common with the one that comes of it. */
  readonly #handshakes = new Map<string, Socket>();

  constructor(server: Server, isSecure: boolean) {
    server.on(isSecure ? "secureConnection" : "connection", (socket: Socket) => {
      this.#handshakes.delete(keyOf(socket));
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
    });
    if (isSecure) server.on("connection", (socket: Socket) => this.#addHandshake(socket));
  }

  /** It brought a request. */
  remove(socket: Socket): void {
    this.#sockets.delete(socket);
  }

  destroy(): void {
    for (const socket of [...this.#sockets, ...this.#handshakes.values()]) socket.destroy();
  }

  #addHandshake(socket: Socket): void {
    const key = keyOf(socket);
    this.#handshakes.set(key, socket);
    socket.once("close", () => {
      if (this.#handshakes.get(key) === socket) this.#handshakes.delete(key);
    });
  }
}

function keyOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}
