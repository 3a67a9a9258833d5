/**
 * The server's connections: how many there are, which brought no request yet, and which are more than may be. Such a
 * one is kept until its first request, which is told so; when those are too many as well, Node closes them unheard.
 */
import type { Server } from "node:http";
import type { Socket } from "node:net";
import type { Limits } from "../lib/index.ts";

export class Connections {
  count = 0;
  /** Closed unheard. */
  droppedCount = 0;
  readonly #maxCount: number;
  readonly #unused = new Set<Socket>();
  readonly #surplus = new Set<Socket>();
  /** In their TLS handshake, by what such a connection has in common with the one that comes of it. */
  readonly #handshakes = new Map<string, Socket>();

  constructor(server: Server, { connections, surplusConnections }: Limits, isSecure: boolean) {
    this.#maxCount = connections;
    server.maxConnections = connections + surplusConnections;
    server.on("drop", () => {
      this.droppedCount += 1;
    });
    server.on("connection", (socket: Socket) => {
      this.count += 1;
      socket.once("close", () => {
        this.count -= 1;
      });
      if (isSecure) this.#addHandshake(socket);
      else this.#addUnused(socket);
    });
    if (isSecure) server.on("secureConnection", (socket: Socket) => this.#addUnused(socket));
  }

  /** A request came. True: the connection is one too many. */
  noteUse(socket: Socket): boolean {
    if (this.#unused.size > 0) this.#unused.delete(socket);
    return this.#surplus.size > 0 && this.#surplus.has(socket);
  }

  /** Closes those that brought no request yet, which Node does not count as idle. */
  closeUnused(): void {
    for (const socket of [...this.#unused, ...this.#handshakes.values()]) socket.destroy();
  }

  #addUnused(socket: Socket): void {
    this.#handshakes.delete(keyOf(socket));
    if (this.count > this.#maxCount) this.#surplus.add(socket);
    this.#unused.add(socket);
    socket.once("close", () => {
      this.#unused.delete(socket);
      this.#surplus.delete(socket);
    });
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
