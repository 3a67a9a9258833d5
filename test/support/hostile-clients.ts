/**
 * A program: clients that do what hurts a server, each for as long as the parent lives. Topic `t` of the server has a
 * small, a middling and a large message, in this order, and scanners. Arguments: port, token, and `tls` for a server
 * with a certificate.
 */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { setPriority } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import { connect as connectSecurely } from "node:tls";
import { gzipSync } from "node:zlib";

const KIB = 1024;
const MIB = 1024 * KIB;

class HostileClients {
  readonly #port: number;
  readonly #isSecure: boolean;
  readonly #head: string;

  /** Some of them have a token. */
  constructor(port: number, token: string, isSecure: boolean) {
    this.#port = port;
    this.#isSecure = isSecure;
    this.#head = `HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${token}\r\n`;
  }

  start(): void {
    const get = (path: string): string => `GET ${path} ${this.#head}\r\n`;
    const post = (path: string, headers: string): string => `POST ${path} ${this.#head}${headers}\r\n\r\n`;
    const chunk = (bytes: Buffer): Buffer[] => [
      Buffer.from(`${bytes.length.toString(16)}\r\n`),
      bytes,
      Buffer.from("\r\n"),
    ];
    const bomb = gzipSync(Buffer.alloc(16 * MIB, "x"));
    const brackets = Buffer.from(`[${"[],".repeat(2 * MIB)}1]`);
    const behindWait = get("/t/scan?id=waits&wait=1m") + get("/t/payload/1").repeat(200);
    // Answers that nobody takes: behind a wait, large, rendered, of lists.
    this.#each(10, () => this.#unread(behindWait, 2000));
    this.#each(8, () => this.#unread(get("/t/stream?from=2&format=ndjson"), 3000));
    this.#each(4, () => this.#unread(get("/t/payload/2").repeat(10), 3000));
    this.#each(2, () => this.#unread(get("/t/scanner").repeat(20), 1000));
    // Waits of clients that leave.
    this.#each(2, () => this.#unread(get("/t/scan?id=waits&wait=1m").repeat(500), 100));
    // Without a token, over one connection each.
    this.#each(10, () => this.#asking("GET /-/ready HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    this.#each(10, () => this.#asking("GET /t/payload/0 HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    this.#each(2, () => this.#asking("GET /-/nothing HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
    this.#each(1, () => this.#asking(get("/-/metrics")));
    // Bodies: without end, slow, packed, and of nothing but brackets.
    const flood = chunk(Buffer.alloc(64 * KIB, "x"));
    this.#each(6, () => this.#sending(post("/t/payload", "Transfer-Encoding: chunked"), flood, 0));
    this.#each(2, () => this.#sending(post("/t/stream", "Transfer-Encoding: chunked"), flood, 0));
    this.#each(40, () =>
      this.#sending(post("/t/payload", "Content-Length: 1000000"), [Buffer.from("x")], 100),
    );
    this.#each(2, () =>
      this.#whole(post("/t/payload", `Content-Encoding: gzip\r\nContent-Length: ${bomb.length}`), bomb),
    );
    this.#each(2, () =>
      this.#whole(post("/t/batch?format=json", `Content-Length: ${brackets.length}`), brackets),
    );
    // Large bodies that are stored, of each kind.
    const large = Buffer.alloc(15 * MIB, "text of a large message ");
    this.#each(3, () => this.#whole(post("/t/payload", `Content-Length: ${large.length}`), large));
    const lines = Buffer.alloc(8 * MIB - 1, `${"x".repeat(199)}\n`);
    this.#each(1, () => this.#whole(post("/t/batch?format=lines", `Content-Length: ${lines.length}`), lines));
    const quotes = Buffer.from(`["${'\\"'.repeat(3 * MIB)}"]`);
    this.#each(1, () =>
      this.#whole(post("/t/batch?format=json", `Content-Length: ${quotes.length}`), quotes),
    );
    const noLines = chunk(Buffer.alloc(64 * KIB, "\n"));
    this.#each(1, () => this.#sending(post("/t/stream", "Transfer-Encoding: chunked"), noLines, 0));
    // Connections that bring nothing, not even a handshake.
    this.#each(20, () => this.#silent(1000));
    // A client that sends no more, and waits.
    this.#each(4, () => this.#halfClosed(get("/t/scan?id=waits&wait=1m")));
  }

  #each(count: number, attack: () => Promise<void>): void {
    for (let i = 0; i < count; i++) void this.#forEver(attack);
  }

  async #forEver(attack: () => Promise<void>): Promise<void> {
    for (;;) {
      await attack();
      await delay(20);
    }
  }

  #open(): Socket {
    const place = { host: "127.0.0.1", port: this.#port, allowHalfOpen: true };
    return this.#keep(
      this.#isSecure ? connectSecurely({ ...place, rejectUnauthorized: false }) : connect(place),
    );
  }

  #keep(socket: Socket): Socket {
    socket.on("error", () => {});
    return socket;
  }

  /** Takes nothing of what it asks for. */
  async #unread(requests: string, ms: number): Promise<void> {
    const socket = this.#open();
    socket.write(requests);
    await delay(ms);
    socket.destroy();
  }

  async #silent(ms: number): Promise<void> {
    const socket = this.#keep(connect({ host: "127.0.0.1", port: this.#port }));
    await delay(ms);
    socket.destroy();
  }

  /** Asks again as soon as it is answered, until the connection ends. */
  #asking(request: string): Promise<void> {
    const socket = this.#open();
    socket.on("data", () => socket.write(request));
    socket.write(request);
    return this.#closed(socket);
  }

  async #sending(head: string, pieces: readonly Buffer[], everyMs: number): Promise<void> {
    const socket = this.#open();
    socket.resume();
    const closed = this.#closed(socket);
    socket.write(head);
    while (!socket.destroyed && !socket.readableEnded) {
      let isTaken = true;
      for (const piece of pieces) isTaken = socket.write(piece);
      await Promise.race([closed, isTaken ? delay(everyMs) : once(socket, "drain")]).catch(() => {});
    }
    socket.destroy();
  }

  #whole(head: string, body: Buffer): Promise<void> {
    const socket = this.#open();
    socket.once("data", () => socket.destroy());
    socket.write(head);
    socket.write(body);
    return this.#closed(socket);
  }

  #halfClosed(request: string): Promise<void> {
    const socket = this.#open();
    socket.resume();
    socket.end(request);
    return this.#closed(socket);
  }

  #closed(socket: Socket): Promise<void> {
    return new Promise((resolve) => {
      socket.once("close", () => resolve());
      socket.once("end", () => socket.destroy());
    });
  }
}

const [port, token = "", scheme] = process.argv.slice(2);
// The server is what is measured: it goes before those who hurt it.
setPriority(10);
process.once("disconnect", () => process.exit());
new HostileClients(Number(port), token, scheme === "tls").start();
