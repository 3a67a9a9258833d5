/**
 * One keep-alive connection that repeats one request, the next one when the answer to the last is there. It knows
 * no more of HTTP than our servers' answers need, so that the machine's time goes to the server under test.
 */
import { connect, type Socket } from "node:net";

const HEAD_END = Buffer.from("\r\n\r\n");
const STATUS_AT = "HTTP/1.1 ".length;

export interface Repetition {
  readonly request: Buffer;
  readonly expectedStatus: number;
  /** `undefined`: any will do. */
  readonly expectedBody: Buffer | undefined;
}

export class Connection {
  readonly #repetition: Repetition;
  /** Called after each answer; the next request goes out when it returns true. */
  readonly #again: () => boolean;
  readonly #socket: Socket;
  #partial: Buffer = Buffer.alloc(0);
  #finish: () => void = () => {};
  #fail: (error: Error) => void = () => {};

  constructor(port: number, repetition: Repetition, again: () => boolean) {
    this.#repetition = repetition;
    this.#again = again;
    this.#socket = connect(port, "127.0.0.1").setNoDelay(true);
    this.#socket.on("data", (bytes) => this.#take(bytes));
  }

  /** Resolves when `again` said no; rejects at the first answer that is not the expected one. */
  run(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#finish = resolve;
      this.#fail = reject;
      this.#socket.once("error", reject);
      this.#socket.once("close", () => reject(new Error("the server closed a connection")));
      this.#socket.write(this.#repetition.request);
    });
  }

  #take(bytes: Buffer): void {
    const answer = this.#partial.length === 0 ? bytes : Buffer.concat([this.#partial, bytes]);
    const headEnd = answer.indexOf(HEAD_END);
    if (headEnd < 0) {
      this.#partial = answer;
      return;
    }
    const head = answer.toString("latin1", 0, headEnd);
    const bodyAt = headEnd + HEAD_END.length;
    const length = /\r\ncontent-length: *(\d+)/i.exec(head);
    if (answer.length < bodyAt + Number(length?.[1] ?? 0)) {
      this.#partial = answer;
      return;
    }
    this.#partial = Buffer.alloc(0);
    this.#check(head, answer.subarray(bodyAt));
  }

  #check(head: string, body: Buffer): void {
    const { expectedStatus, expectedBody, request } = this.#repetition;
    const isExpected = expectedBody === undefined || body.equals(expectedBody);
    if (Number(head.slice(STATUS_AT, STATUS_AT + 3)) !== expectedStatus || !isExpected) {
      this.#socket.destroy();
      this.#fail(new Error(`unexpected answer: ${head}\n\n${body.toString("latin1", 0, 200)}`));
    } else if (this.#again()) {
      this.#socket.write(request);
    } else {
      this.#finish();
      this.#socket.destroy();
    }
  }
}
