/**
 * One keep-alive connection with one request under way at a time. It knows no more of HTTP than the answers here
 * need, so that the machine's time goes to the server: undici takes several times as much for a request.
 */
import { connect, type Socket } from "node:net";

const HEAD_END = Buffer.from("\r\n\r\n");
const STATUS_AT = "HTTP/1.1 ".length;
const CRLF = Buffer.from("\r\n");
const NOTHING = Buffer.alloc(0);

export interface HttpAnswer {
  readonly status: number;
  readonly head: string;
  /** To be used before the next request. */
  readonly body: Buffer;
}

export class HttpConnection {
  readonly #socket: Socket;
  readonly #onAnswer: (answer: HttpAnswer) => void;
  #partial: Buffer = NOTHING;

  /** `onEnd` is called when the connection ends, unless it was closed here. */
  constructor(port: number, onAnswer: (answer: HttpAnswer) => void, onEnd: (error: Error) => void) {
    this.#onAnswer = onAnswer;
    this.#socket = connect(port, "127.0.0.1").setNoDelay(true);
    this.#socket.on("data", (bytes) => this.#take(bytes));
    this.#socket.once("error", onEnd);
    this.#socket.once("end", () => onEnd(new Error("the server closed a connection")));
  }

  send(request: Buffer): void {
    this.#socket.write(request);
  }

  close(): void {
    this.#socket.destroy();
  }

  #take(bytes: Buffer): void {
    const answer = this.#partial.length === 0 ? bytes : Buffer.concat([this.#partial, bytes]);
    this.#partial = answer;
    const headEnd = answer.indexOf(HEAD_END);
    if (headEnd < 0) return;
    const head = answer.toString("latin1", 0, headEnd);
    const bodyAt = headEnd + HEAD_END.length;
    const length = /\r\ncontent-length: *(\d+)/i.exec(head);
    if (answer.length < bodyAt + Number(length?.[1] ?? 0)) return;
    this.#partial = NOTHING;
    const status = Number(head.slice(STATUS_AT, STATUS_AT + 3));
    this.#onAnswer({ status, head, body: answer.subarray(bodyAt) });
  }
}

/** What a load sends beside `Host` and `Content-Length`. */
export interface RequestHeaders {
  /** As `Name: value`. */
  readonly fixed?: readonly string[];
  /** The name of a header whose value is another one in each request. */
  readonly counted?: string;
}

export function encodeRequest(
  method: "GET" | "POST",
  path: string,
  body: Uint8Array = NOTHING,
  headers: readonly string[] = [],
): Buffer {
  const length = method === "POST" ? [`Content-Length: ${body.length}`] : [];
  const lines = [`${method} ${path} HTTP/1.1`, "Host: localhost", ...length, ...headers];
  return Buffer.concat([Buffer.from(lines.map((line) => `${line}\r\n`).join("")), CRLF, body]);
}

/** The failure that shows an answer that is not the expected one. */
export function unexpected({ head, body }: HttpAnswer): Error {
  return new Error(`unexpected answer: ${head}\n\n${body.toString("latin1", 0, 200)}`);
}
