/**
 * Requests over fetch: URL, token, time-out, and what went wrong as a NetlogClientError. One call here is one
 * attempt; retry.ts repeats it.
 */
import { joined } from "./bytes.ts";
import { invalidArgument, NetlogClientError } from "./errors.ts";
import { connectionError, refusal } from "./failures.ts";
import type { ClientRuntime } from "./runtime.ts";
import { Watch } from "./watch.ts";

/** A token, or what gives the one to use now. */
export type Token = string | (() => string | Promise<string>);

export interface ConnectionOptions {
  readonly token?: Token | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly fetch?: typeof fetch | undefined;
  readonly dispatcher?: object | undefined;
  readonly timeoutMs: number;
  readonly runtime: ClientRuntime;
}

/** `undefined` is left out; of an array each element is a parameter of that name. */
export type Query = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;

export interface Call {
  readonly method: "GET" | "HEAD" | "POST" | "PATCH" | "DELETE";
  /** Parts of the path, not encoded. */
  readonly path: readonly string[];
  readonly query?: Query | undefined;
  readonly contentType?: string | undefined;
  /** Further ones, of this call alone. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: Uint8Array | string | undefined;
  /** The server may take so long beyond the client's time-out. */
  readonly waitMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Uint8Array;
}

export interface OpenReply {
  readonly headers: Headers;
  /** Piece by piece; a silence longer than `silenceMs` while one is waited for is an error. */
  readonly pieces: AsyncGenerator<Uint8Array, void, undefined>;
}

/** A body is given a second more for so many bytes: slower than this is as good as no connection. */
const SLOWEST_BYTES_A_SECOND = 32 * 1024;

export class Connection {
  /** Without a slash at its end. */
  readonly #baseUrl: string;
  readonly #options: ConnectionOptions;
  #hasAnswered = false;

  /** @throws invalid_argument for what is no http or https URL. */
  constructor(url: string | URL, options: ConnectionOptions) {
    this.#baseUrl = parseBaseUrl(url);
    this.#options = options;
  }

  get runtime(): ClientRuntime {
    return this.#options.runtime;
  }

  /** Once, with the whole answer. @throws NetlogClientError for every answer that is no success. */
  async call(call: Call): Promise<Reply> {
    const silenceMs = this.#silenceMs(call);
    const { response, watch } = await this.#send(call, silenceMs);
    try {
      const body = joined(await collect(piecesOf(response, watch, silenceMs)));
      return { status: response.status, headers: response.headers, body };
    } catch (error) {
      throw this.#translate(error, call, watch);
    } finally {
      watch.close();
    }
  }

  /** Once, with an answer that comes for as long as it takes. The caller reads it, or returns the pieces. */
  async open(call: Call, silenceMs: number): Promise<OpenReply> {
    const { response, watch } = await this.#send(call, this.#silenceMs(call));
    return { headers: response.headers, pieces: this.#pieces(call, response, watch, silenceMs) };
  }

  async *#pieces(
    call: Call,
    response: Response,
    watch: Watch,
    silenceMs: number,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      yield* piecesOf(response, watch, silenceMs);
    } catch (error) {
      throw this.#translate(error, call, watch);
    } finally {
      watch.close();
    }
  }

  /** The head of a success; the watch is open, and armed. */
  async #send(call: Call, silenceMs: number): Promise<{ response: Response; watch: Watch }> {
    const watch = new Watch(this.runtime, this.#name(call), call.signal);
    watch.arm(silenceMs);
    const headers = await beforeAbort(watch.signal, () => this.#headers(call)).catch((error: unknown) => {
      watch.close();
      throw error;
    });
    try {
      const { fetch: send = fetch, dispatcher } = this.#options;
      const init: object = {
        method: call.method,
        headers,
        signal: watch.signal,
        // A POST that is redirected becomes a GET, and the token goes along.
        redirect: "manual",
        // A browser, or a cache on the way, may hold the message of a topic that was deleted and made again.
        ...(call.method === "GET" ? { cache: "no-cache" } : {}),
        ...(call.body === undefined ? {} : { body: call.body }),
        ...(dispatcher === undefined ? {} : { dispatcher }),
      };
      const response = await send(this.#url(call), init);
      this.#hasAnswered = true;
      if (response.ok) return { response, watch };
      throw refusal(
        this.#name(call),
        response,
        joined(await collect(piecesOf(response, watch, silenceMs))),
        this.runtime,
      );
    } catch (error) {
      watch.close();
      throw this.#translate(error, call, watch);
    }
  }

  async #headers({ contentType, headers = {} }: Call): Promise<Headers> {
    const { token } = this.#options;
    const all = new Headers(this.#options.headers);
    for (const [name, value] of Object.entries(headers)) all.set(name, value);
    if (contentType !== undefined) all.set("Content-Type", contentType);
    const current = typeof token === "function" ? await token() : token;
    if (current === undefined) return all;
    try {
      all.set("Authorization", `Bearer ${current}`);
    } catch {
      throw invalidArgument("the token holds characters that no header can carry");
    }
    return all;
  }

  #silenceMs({ waitMs = 0, body }: Call): number {
    const uploadMs = ((body?.length ?? 0) / SLOWEST_BYTES_A_SECOND) * 1000;
    return this.#options.timeoutMs + waitMs + Math.ceil(uploadMs);
  }

  #url({ path, query = {} }: Call): string {
    const given = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) {
      if (Array.isArray(value)) for (const each of value) given.append(name, each);
      else if (value !== undefined) given.set(name, String(value));
    }
    const parameters = given.toString();
    const url = `${this.#baseUrl}/${path.map(encodeURIComponent).join("/")}`;
    return parameters === "" ? url : `${url}?${parameters}`;
  }

  #name({ method, path }: Call): string {
    return `${method} ${this.#baseUrl}/${path.join("/")}`;
  }

  #translate(error: unknown, call: Call, watch: Watch): unknown {
    if (watch.signal.aborted) return watch.signal.reason;
    if (error instanceof NetlogClientError) return error;
    return connectionError(this.#name(call), error, !this.#hasAnswered);
  }
}

function parseBaseUrl(given: string | URL): string {
  let url: URL;
  try {
    url = new URL(given);
  } catch {
    throw invalidArgument(`"${String(given)}" is no URL; take one such as http://localhost:7200`);
  }
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    throw invalidArgument(`a server's URL begins with http:// or https://, not with ${url.protocol}`);
  }
  if (url.username !== "" || url.password !== "") {
    throw invalidArgument("a server's URL has no user and no password; give a token");
  }
  return `${url.origin}${url.pathname.replace(/\/+$/, "")}`;
}

/** Rejects with the signal's reason as soon as it is aborted. What `ask` rejects with is the caller's own. */
async function beforeAbort<T>(signal: AbortSignal, ask: () => Promise<T>): Promise<T> {
  signal.throwIfAborted();
  return await new Promise((resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
    ask().then(resolve, reject);
  });
}

async function* piecesOf(
  response: Response,
  watch: Watch,
  silenceMs: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  const reader = response.body?.getReader();
  if (reader === undefined) return;
  const { signal } = watch;
  // Frees the connection of an answer that nobody wants any more. It rejects where the answer broke off.
  const cancel = (): void => void reader.cancel().catch(() => {});
  // Not every fetch ends the body with the signal.
  signal.addEventListener("abort", cancel);
  let isDone = false;
  try {
    for (;;) {
      watch.arm(silenceMs);
      const { done, value } = await reader.read();
      watch.disarm();
      signal.throwIfAborted();
      isDone = done;
      if (done) return;
      yield value;
    }
  } finally {
    watch.disarm();
    signal.removeEventListener("abort", cancel);
    if (!isDone) cancel();
  }
}

async function collect(pieces: AsyncIterable<Uint8Array>): Promise<Uint8Array[]> {
  const all: Uint8Array[] = [];
  for await (const piece of pieces) all.push(piece);
  return all;
}
