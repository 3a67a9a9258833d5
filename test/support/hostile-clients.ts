/**
 * A program: clients that do what hurts a server, each for as long as the parent lives. Topic `t` of the server has a
 * small, a middling and a large message, in this order, and scanners; `j` is a durable stream of JSON with a large value.
 * Arguments: port, token, and `tls` for a server with a certificate.
 */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { setPriority } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import { connect as connectSecurely } from "node:tls";
import { gzipSync } from "node:zlib";

const KIB = 1024;
const MIB = 1024 * KIB;
const CHUNKED = "Transfer-Encoding: chunked";
const BRACKETS = Buffer.from(`[${"[],".repeat(2 * MIB)}1]`);

function chunk(bytes: Buffer): Buffer[] {
  return [Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from("\r\n")];
}

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
    this.#takeNothing();
    this.#askTooOften();
    this.#sendTooMuch();
    this.#storeMuch();
    this.#useStreams();
    // Connections that bring nothing, not even a handshake.
    this.#each(20, () => this.#silent(1000));
  }

  #get(path: string): string {
    return `GET ${path} ${this.#head}\r\n`;
  }

  #post(path: string, headers: string, method = "POST"): string {
    return `${method} ${path} ${this.#head}${headers}\r\n\r\n`;
  }

  /** Answers that nobody takes, behind a wait, large, rendered, of lists; and waits of clients that leave. */
  #takeNothing(): void {
    const wait = this.#get("/t/scan?id=waits&wait=1m");
    const behindWait = wait + this.#get("/t/payload/1").repeat(200);
    this.#each(10, () => this.#unread(behindWait, 2000));
    this.#each(8, () => this.#unread(this.#get("/t/stream?from=2&format=ndjson"), 3000));
    this.#each(4, () => this.#unread(this.#get("/t/payload/2").repeat(10), 3000));
    this.#each(2, () => this.#unread(this.#get("/t/scanner").repeat(20), 1000));
    this.#each(2, () => this.#unread(wait.repeat(500), 100));
    // A client that sends no more, and waits.
    this.#each(4, () => this.#halfClosed(wait));
  }

  /** Without a token, over one connection each; and metrics. */
  #askTooOften(): void {
    this.#each(10, () => this.#asking("GET /-/ready HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    this.#each(10, () => this.#asking("GET /t/payload/0 HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    this.#each(2, () => this.#asking("GET /-/nothing HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
    this.#each(1, () => this.#asking(this.#get("/-/metrics")));
  }

  /** Bodies without end, slow, packed, and of nothing but brackets. */
  #sendTooMuch(): void {
    const flood = chunk(Buffer.alloc(64 * KIB, "x"));
    this.#each(6, () => this.#sending(this.#post("/t/payload", CHUNKED), flood, 0));
    this.#each(2, () => this.#sending(this.#post("/t/stream", CHUNKED), flood, 0));
    const slow = this.#post("/t/payload", "Content-Length: 1000000");
    this.#each(40, () => this.#sending(slow, [Buffer.from("x")], 100));
    const bomb = gzipSync(Buffer.alloc(16 * MIB, "x"));
    this.#each(2, () => this.#whole("/t/payload", bomb, "Content-Encoding: gzip"));
    this.#each(2, () => this.#whole("/t/batch?format=json", BRACKETS));
  }

  /** Large bodies that are stored, of each kind. */
  #storeMuch(): void {
    const large = Buffer.alloc(15 * MIB, "text of a large message ");
    this.#each(3, () => this.#whole("/t/payload", large));
    const lines = Buffer.alloc(8 * MIB - 1, `${"x".repeat(199)}\n`);
    this.#each(1, () => this.#whole("/t/batch?format=lines", lines));
    const quotes = Buffer.from(`["${'\\"'.repeat(3 * MIB)}"]`);
    this.#each(1, () => this.#whole("/t/batch?format=json", quotes));
    const noLines = chunk(Buffer.alloc(64 * KIB, "\n"));
    this.#each(1, () => this.#sending(this.#post("/t/stream", CHUNKED), noLines, 0));
  }

  /** The same by the door of Durable Streams; and forks that come and go. */
  #useStreams(): void {
    const [bytes, json] = ["/-/streams/t?offset=-1", "/-/streams/j?offset=-1"];
    this.#each(3, () => this.#unread(this.#get(bytes).repeat(20), 2000));
    for (const path of [bytes, json]) this.#each(3, () => this.#unread(this.#get(`${path}&live=sse`), 3000));
    const longPoll = this.#get("/-/streams/j?offset=now&live=long-poll");
    this.#each(2, () => this.#unread(longPoll.repeat(500), 100));
    this.#each(2, () => this.#halfClosed(longPoll));
    const ofJson = "Content-Type: application/json";
    this.#each(1, () => this.#whole("/-/streams/j", BRACKETS, ofJson));
    const flood = chunk(Buffer.alloc(64 * KIB, "1,"));
    this.#each(1, () => this.#sending(this.#post("/-/streams/j", `${ofJson}\r\n${CHUNKED}`), flood, 0));
    const slow = this.#post("/-/streams/j", `${ofJson}\r\nContent-Length: 1000000`);
    this.#each(4, () => this.#sending(slow, [Buffer.from("1")], 100));
    const fork = this.#post("/-/streams/fork", "Stream-Forked-From: /j", "PUT");
    this.#each(1, () => this.#unread((fork + this.#post("/-/streams/fork", "", "DELETE")).repeat(5), 1000));
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

  #whole(path: string, body: Buffer, header = "Accept: */*"): Promise<void> {
    const socket = this.#open();
    socket.once("data", () => socket.destroy());
    socket.write(this.#post(path, `${header}\r\nContent-Length: ${body.length}`));
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
