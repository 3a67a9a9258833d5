/** A bare connection, for what no HTTP client would send, and for what they hide of the answers. */
import { connect, type Socket } from "node:net";
import { connect as connectTls, TLSSocket } from "node:tls";
import { within } from "../support/deadline.ts";

export interface RawReply {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

const HEAD_END = "\r\n\r\n";

export class RawConnection {
  readonly #socket: Socket;
  readonly #closed: Promise<void>;
  /** What came and was not read yet, a character a byte. */
  #received = "";
  #isClosed = false;
  #wake: () => void = () => {};

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on("data", (bytes) => {
      this.#received += bytes.toString("latin1");
      this.#wake();
    });
    // A server that closes with bytes unread resets the connection; what came before counts all the same.
    socket.on("error", () => {});
    this.#closed = new Promise((resolve) => {
      socket.once("close", () => {
        this.#isClosed = true;
        this.#wake();
        resolve();
      });
    });
  }

  static async open(url: string): Promise<RawConnection> {
    const { protocol, hostname, port } = new URL(url);
    const host = hostname.replace(/^\[(.*)\]$/, "$1");
    const to = { host, port: Number(port), allowHalfOpen: true };
    const socket = protocol === "https:" ? connectTls({ ...to, rejectUnauthorized: false }) : connect(to);
    const connection = new RawConnection(socket);
    const connected = new Promise((resolve, reject) => {
      socket.once("connect", resolve);
      socket.once("error", reject);
    });
    await within("a connection", connected);
    return connection;
  }

  /** What came and was not read, a character a byte. */
  get received(): string {
    return this.#received;
  }

  send(text: string | Buffer): void {
    this.#socket.write(text);
  }

  /** Says that no more comes; answers can still be read. */
  finish(): void {
    this.#socket.end();
  }

  /** Leaves, without a word where it resets, which Node cannot do under TLS. */
  leave(how: "close" | "reset" = "close"): void {
    if (how === "reset" && !(this.#socket instanceof TLSSocket)) this.#socket.resetAndDestroy();
    else this.#socket.destroy();
  }

  /** Takes nothing from the network until `resume`. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** The next answer, whole; 100 Continue counts as one. `isHead`: it has no body, whatever its length says. */
  async reply(isHead = false): Promise<RawReply> {
    const head = await this.#until("an answer's head", () => {
      const end = this.#received.indexOf(HEAD_END);
      return end < 0 ? undefined : this.#take(end + HEAD_END.length);
    });
    const [first = "", ...lines] = head.slice(0, -HEAD_END.length).split("\r\n");
    const status = Number(first.split(" ")[1]);
    const headers = Object.fromEntries(
      lines.map((line) => {
        const colon = line.indexOf(":");
        return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
      }),
    );
    const length = isHead ? 0 : Number(headers["content-length"] ?? 0);
    const text = await this.#until("an answer's body", () =>
      this.#received.length < length ? undefined : this.#take(length),
    );
    return { status, headers, text };
  }

  /** Resolves when the server has closed; gives what came and was not read. */
  async closed(): Promise<string> {
    await within("the server's closing of the connection", this.#ended());
    return this.#received;
  }

  /** The server's end of the connection, seen with ours still open. */
  async #ended(): Promise<void> {
    if (this.#isClosed || this.#socket.readableEnded) return;
    await Promise.race([this.#closed, new Promise((resolve) => this.#socket.once("end", resolve))]);
  }

  #take(length: number): string {
    const taken = this.#received.slice(0, length);
    this.#received = this.#received.slice(length);
    return taken;
  }

  #until<T>(label: string, look: () => T | undefined): Promise<T> {
    const found = new Promise<T>((resolve, reject) => {
      const attempt = (): void => {
        this.#wake = () => {};
        const value = look();
        if (value !== undefined) resolve(value);
        else if (this.#isClosed)
          reject(new Error(`closed before ${label}: ${JSON.stringify(this.#received)}`));
        else this.#wake = attempt;
      };
      attempt();
    });
    return within(label, found);
  }
}

/** The one answer to what `text` sends on a connection of its own. */
export async function rawCall(url: string, text: string | Buffer): Promise<RawReply> {
  const connection = await RawConnection.open(url);
  connection.send(text);
  try {
    return await connection.reply();
  } finally {
    connection.leave();
  }
}
