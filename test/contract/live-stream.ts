/** A client of answers without end: reads piece by piece, sees how they end, and leaves when it likes. */
import { type ClientRequest, type IncomingMessage, request } from "node:http";
import { request as requestTls } from "node:https";
import { expect, onTestFinished } from "vitest";
import { within } from "../support/deadline.ts";

/** How an answer ended: whole, or broken off in the middle. */
export type StreamEnd = "complete" | "cut";

export class LiveStream {
  readonly #request: ClientRequest;
  readonly #answer: IncomingMessage;
  #text = "";
  #end: StreamEnd | undefined;
  #wake: () => void = () => {};

  private constructor(sent: ClientRequest, answer: IncomingMessage) {
    this.#request = sent;
    this.#answer = answer;
    answer.setEncoding("latin1");
    answer.on("data", (text: string) => {
      this.#text += text;
      this.#wake();
    });
    answer.on("error", () => {});
    answer.on("close", () => {
      this.#end = answer.complete ? "complete" : "cut";
      this.#wake();
    });
  }

  /** Left when the running test is over. */
  static async open(url: string, headers: Readonly<Record<string, string>> = {}): Promise<LiveStream> {
    const sent = url.startsWith("https:")
      ? requestTls(url, { headers, agent: false, rejectUnauthorized: false })
      : request(url, { headers, agent: false });
    const answer = await within(
      `the headers of ${url}`,
      new Promise<IncomingMessage>((resolve, reject) => {
        sent.once("response", resolve).once("error", reject).end();
      }),
    );
    sent.on("error", () => {});
    const stream = new LiveStream(sent, answer);
    onTestFinished(() => stream.leave());
    return stream;
  }

  get status(): number {
    return this.#answer.statusCode ?? 0;
  }

  get headers(): Readonly<Record<string, string | string[] | undefined>> {
    return this.#answer.headers;
  }

  /** Resolves when exactly `text` came next (a character a byte). */
  async comes(text: string): Promise<void> {
    const bytes = Buffer.from(text).toString("latin1");
    await this.#until(`the text ${JSON.stringify(text)}`, () => this.#text.length >= bytes.length);
    expect(this.#text.slice(0, bytes.length)).toBe(bytes);
    this.#text = this.#text.slice(bytes.length);
  }

  /** Resolves to the next line, without its end. */
  async line(): Promise<string> {
    await this.#until("a line", () => this.#text.includes("\n"));
    const end = this.#text.indexOf("\n");
    const line = this.#text.slice(0, end);
    this.#text = this.#text.slice(end + 1);
    return Buffer.from(line, "latin1").toString();
  }

  /** How it ends, and what came before that was not looked at. */
  async ended(): Promise<{ end: StreamEnd; rest: string }> {
    await this.#until("the end of the stream", () => this.#end !== undefined);
    return { end: this.#end!, rest: this.#text };
  }

  leave(): void {
    this.#request.destroy();
  }

  #until(label: string, isThere: () => boolean): Promise<void> {
    const there = new Promise<void>((resolve, reject) => {
      const look = (): void => {
        if (isThere()) resolve();
        else if (this.#end !== undefined) {
          reject(new Error(`${this.#end} before ${label}, after ${JSON.stringify(this.#text)}`));
        }
      };
      this.#wake = look;
      look();
    });
    return within(label, there);
  }
}
