/** A client for the contract's tests: one request at a time, answers whole, every wait with a deadline. */
import { randomBytes } from "node:crypto";
import type { Readable } from "node:stream";
import { Pool } from "undici";
import { expect } from "vitest";
import { within } from "../support/deadline.ts";

export interface Reply {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
  readonly text: string;
  readonly json: unknown;
}

export interface CallOptions {
  readonly body?: string | Buffer | Readable;
  readonly headers?: Readonly<Record<string, string>>;
  /** Leaves: ends the connection without waiting for the answer. */
  readonly signal?: AbortSignal;
}

export type Method = "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE" | "OPTIONS";

export class Api {
  readonly url: string;
  readonly #pool: Pool;
  readonly #topics = new Set<string>();

  constructor(url: string) {
    this.url = url;
    this.#pool = new Pool(url, {
      bodyTimeout: 0,
      headersTimeout: 0,
      connect: { rejectUnauthorized: false },
    });
  }

  get host(): string {
    return new URL(this.url).host;
  }

  get port(): number {
    return Number(new URL(this.url).port);
  }

  /** `path` goes out as it is. */
  async call(method: Method, path: string, options: CallOptions = {}): Promise<Reply> {
    const { body = null, headers = {}, signal } = options;
    const request = async (): Promise<Reply> => {
      const answer = await this.#pool.request({ method, path, body, headers, signal: signal ?? null });
      const bytes = Buffer.from(await answer.body.arrayBuffer());
      return new WholeReply(answer.statusCode, answer.headers, bytes);
    };
    return await within(`${method} ${path}`, request());
  }

  get(path: string, options: CallOptions = {}): Promise<Reply> {
    return this.call("GET", path, options);
  }

  post(path: string, body?: string | Buffer | Readable, options: CallOptions = {}): Promise<Reply> {
    return this.call("POST", path, body === undefined ? options : { ...options, body });
  }

  delete(path: string): Promise<Reply> {
    return this.call("DELETE", path);
  }

  /** A name that nobody else uses; the topic is deleted when the tests are over. */
  freshName(): string {
    const name = `contract-${randomBytes(6).toString("hex")}`;
    this.#topics.add(name);
    return name;
  }

  /** The name of a new topic that holds `payloads`. */
  async newTopic(payloads: readonly (string | Buffer)[] = [], settings?: object): Promise<string> {
    const name = this.freshName();
    const reply = await this.post(`/${name}`, settings === undefined ? undefined : JSON.stringify(settings));
    expect(reply.status, reply.text).toBe(201);
    for (const payload of payloads) await this.publish(name, payload);
    return name;
  }

  /** The offset it got. */
  async publish(topic: string, payload: string | Buffer): Promise<number> {
    const reply = await this.post(`/${topic}/payload`, payload);
    expect(reply.status, reply.text).toBe(201);
    return Number(reply.headers["x-offset"]);
  }

  /** The id of a new scanner. */
  async newScanner(topic: string, from = "0", rest = ""): Promise<string> {
    const reply = await this.post(`/${topic}/scanner?from=${encodeURIComponent(from)}${rest}`);
    expect(reply.status, reply.text).toBe(201);
    return (reply.json as { id: string }).id;
  }

  scan(topic: string, id: string, wait?: string, options: CallOptions = {}): Promise<Reply> {
    return this.get(`/${topic}/scan?id=${id}${wait === undefined ? "" : `&wait=${wait}`}`, options);
  }

  /** Deletes the topics that were made, and closes the connections. */
  async close(): Promise<void> {
    for (const name of this.#topics) await this.delete(`/${name}?force=1`);
    await this.disconnect();
  }

  async disconnect(): Promise<void> {
    await this.#pool.destroy();
  }
}

class WholeReply implements Reply {
  readonly status: number;
  readonly headers: Reply["headers"];
  readonly body: Buffer;

  constructor(status: number, headers: Reply["headers"], body: Buffer) {
    this.status = status;
    this.headers = headers;
    this.body = body;
  }

  get text(): string {
    return this.body.toString();
  }

  get json(): unknown {
    return JSON.parse(this.text);
  }
}
