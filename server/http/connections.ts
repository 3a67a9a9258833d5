/**
 * The server's connections: how many there are, which brought no request yet, and which are more than may be. Such a
 * one is kept until its first request, which is answered 429; when those are too many as well, Node closes them unheard.
 */
import type { Server } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Runtime } from "../../lib/index.ts";
import { Connection, type ConnectionShared } from "./connection.ts";
import type { HttpSocket } from "./http-socket.ts";
import type { Limits } from "./limits.ts";
import type { Occupancy } from "./occupancy.ts";
import type { Share } from "./share.ts";

export class Connections {
  /** Closed unheard. */
  droppedCount = 0;
  readonly #occupancy: Occupancy;
  readonly #runtime: Pick<Runtime, "shortenTurn">;
  readonly #shared: ConnectionShared;
  /** Those that node:http serves. */
  readonly #served = new Map<Duplex, Connection>();
  /** In their TLS handshake, by what such a connection has in common with the one that comes of it. */
  readonly #handshakes = new Map<string, Socket>();

  constructor(
    server: Server,
    limits: Limits,
    occupancy: Occupancy,
    runtime: Pick<Runtime, "shortenTurn">,
    isSecure: boolean,
  ) {
    const served = isSecure ? "secureConnection" : "connection";
    this.#occupancy = occupancy;
    this.#runtime = runtime;
    this.#shared = { limits, all: occupancy.all, serve: (socket) => server.emit(served, socket) };
    server.maxConnections = limits.connections + limits.surplusConnections;
    server.on("drop", () => {
      this.droppedCount += 1;
    });
    server.on("connection", (socket: Socket) => this.#add(socket, isSecure));
    if (isSecure) server.on("secureConnection", (socket: Socket) => this.#serve(socket));
    server.on("upgrade", (incoming, socket, behind) => this.of(socket).takeBack(incoming, behind));
  }

  get count(): number {
    return this.#occupancy.all.connectionCount;
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
    // Node takes one new connection in each turn of the loop, so many that come at once wait for as many turns.
    this.#runtime.shortenTurn();
    const address = this.#addressOf(socket);
    if (address !== undefined && address.connectionCount >= address.limits.connections) {
      // Kept for its refusal, it would take the place of another address.
      this.droppedCount += 1;
      socket.destroy();
      return;
    }
    this.#count(socket, address);
    if (isSecure) this.#addHandshake(socket);
    else this.#serve(socket);
  }

  /** The share of the address that a connection comes from, if this has one. */
  #addressOf({ remoteAddress = "" }: Socket): Share | undefined {
    return this.#occupancy.ofAddress(remoteAddress);
  }

  #count(socket: Socket, address: Share | undefined): void {
    const { all } = this.#occupancy;
    const shares = address === undefined ? [all] : [all, address];
    for (const share of shares) share.connectionCount += 1;
    socket.once("close", () => {
      for (const share of shares) share.connectionCount -= 1;
    });
  }

  #serve(socket: Socket): void {
    if (this.#served.has(socket)) return;
    this.#handshakes.delete(keyOf(socket));
    const { all } = this.#occupancy;
    const isSurplus = all.connectionCount > all.limits.connections;
    this.#served.set(
      socket,
      new Connection(socket as HttpSocket, this.#shared, this.#addressOf(socket), isSurplus),
    );
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
