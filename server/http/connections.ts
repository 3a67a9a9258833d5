/**
 * The server's connections: how many there are, which brought no request yet, and which are more than may be. Such a
 * one is kept until its first request, which is answered 429; when those are too many as well, Node closes them unheard.
 */
import type { Server } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { ByteBudget } from "../../lib/index.ts";
import { Connection, type ConnectionShared } from "./connection.ts";
import type { HttpSocket } from "./http-socket.ts";
import type { Limits } from "./limits.ts";

export class Connections {
  count = 0;
  /** Closed unheard. */
  droppedCount = 0;
  readonly #maxCount: number;
  readonly #shared: ConnectionShared;
  /** Those that node:http serves. */
  readonly #served = new Map<Duplex, Connection>();
  /** In their TLS handshake, by what such a connection has in common with the one that comes of it. */
  readonly #handshakes = new Map<string, Socket>();

  /** `bytes` are those in flight of all clients. */
  constructor(server: Server, limits: Limits, bytes: ByteBudget, isSecure: boolean) {
    const served = isSecure ? "secureConnection" : "connection";
    this.#maxCount = limits.connections;
    this.#shared = { limits, bytes, serve: (socket) => server.emit(served, socket) };
    server.maxConnections = limits.connections + limits.surplusConnections;
    server.on("drop", () => {
      this.droppedCount += 1;
    });
    server.on("connection", (socket: Socket) => this.#add(socket, isSecure));
    if (isSecure) server.on("secureConnection", (socket: Socket) => this.#serve(socket));
    server.on("upgrade", (incoming, socket, behind) => this.of(socket).takeBack(incoming, behind));
  }

  /** The connection of a socket; `undefined` when node:http does not serve it, or not any more. */
  find(socket: Duplex): Connection | undefined {
    return this.#served.get(socket);
  }

  /** That of a socket that brought a request. */
  of(socket: Duplex): Connection {
    const connection = this.find(socket);
    if (connection === undefined) throw new TypeError("a request of a connection that is not known");
    return connection;
  }

  /** Closes those that brought no request yet, which Node does not count as idle. */
  closeUnused(): void {
    for (const socket of this.#handshakes.values()) socket.destroy();
    for (const [socket, { isUsed }] of this.#served) if (!isUsed) socket.destroy();
  }

  #add(socket: Socket, isSecure: boolean): void {
    // node:http serves it anew.
    if (this.#served.has(socket)) return;
    this.count += 1;
    socket.once("close", () => {
      this.count -= 1;
    });
    if (isSecure) this.#addHandshake(socket);
    else this.#serve(socket);
  }

  #serve(socket: Socket): void {
    if (this.#served.has(socket)) return;
    this.#handshakes.delete(keyOf(socket));
    const isSurplus = this.count > this.#maxCount;
    this.#served.set(socket, new Connection(socket as HttpSocket, this.#shared, isSurplus));
    socket.once("close", () => this.#served.delete(socket));
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
