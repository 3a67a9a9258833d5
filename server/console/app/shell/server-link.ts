/**
 * The one way from the page to its server: every request passes here, so that one place knows whether the server is
 * there, and whether it asks for a token. The token lies in sessionStorage and goes into one header: into no URL.
 */
import { isNetlogClientError, NetlogClient, NetlogClientError } from "../../../../lib/client/index.ts";
import type { CurlServer } from "../feed/curl.ts";
import { Listeners } from "./listeners.ts";

/** The part of the browser that a link needs; tests bring their own. */
export interface Surroundings {
  /** Where the server is, without a slash at its end. */
  readonly url: string;
  readonly fetch: typeof fetch;
  readonly storage: TokenStorage;
  setTimeout(call: () => void, delayMs: number): unknown;
}

type Fetch = typeof fetch;

/** The part of sessionStorage that keeps a token. */
export interface TokenStorage {
  getItem(name: string): string | null;
  setItem(name: string, value: string): void;
  removeItem(name: string): void;
}

const STORED_AS = "netlog-token";
/** A beat of the heart while the server is gone. */
const FIRST_BEAT_MS = 1000;
const LONGEST_BEAT_MS = 5000;
/** What a proxy answers while its server is away. */
const PROXY_ALONE: ReadonlySet<number> = new Set([502, 504]);

export class ServerLink {
  readonly changes: Listeners = new Listeners();
  /** For what people do: it tries again for a few seconds. */
  readonly client: NetlogClient;
  /** For what is asked again in a moment anyway: each call is tried once. */
  readonly once: NetlogClient;
  readonly #around: Surroundings;
  #token: string | undefined;
  #isGone = false;
  #needsToken = false;
  #returns = 0;

  constructor(around: Surroundings) {
    this.#around = around;
    this.#token = around.storage.getItem(STORED_AS) ?? undefined;
    this.client = new NetlogClient(around.url, {
      fetch: this.#fetch,
      retry: { attempts: 4, maxTotalMs: 5000 },
    });
    this.once = new NetlogClient(around.url, { fetch: this.#fetch, retry: false });
  }

  /** The last request met no server; the link asks again by itself until one answers. */
  get isGone(): boolean {
    return this.#isGone;
  }

  /** The server refused a request for want of a valid token. */
  get needsToken(): boolean {
    return this.#needsToken;
  }

  get hasToken(): boolean {
    return this.#token !== undefined;
  }

  /** Grows whenever what failed before may work now: the server is back, or a token was given. */
  get returns(): number {
    return this.#returns;
  }

  get curl(): CurlServer {
    return { url: this.#around.url, hasToken: this.#token !== undefined };
  }

  /** Takes the token if the server does. Resolves to false where the server refuses it. @throws as a call does. */
  async signIn(token: string): Promise<boolean> {
    const fetch: Fetch = (input, init) => this.#fetchWith(token, input, init);
    try {
      await new NetlogClient(this.#around.url, { fetch, retry: false }).topics();
    } catch (error) {
      if (isNetlogClientError(error, "unauthorized", "invalid_argument")) return false;
      throw error;
    }
    this.#token = token;
    this.#around.storage.setItem(STORED_AS, token);
    this.#needsToken = false;
    this.#mayWorkNow();
    return true;
  }

  /** Forgets the token. */
  signOut(): void {
    this.#token = undefined;
    this.#around.storage.removeItem(STORED_AS);
    this.#mayWorkNow();
  }

  /** What `path` answers, for routes that the client library has no call for. @throws as its calls do. */
  async get(path: string, signal?: AbortSignal): Promise<string> {
    return await this.#ask("GET", path, signal);
  }

  /** The same for a route that changes something; it is tried once. */
  async post(path: string): Promise<string> {
    return await this.#ask("POST", path, undefined);
  }

  async #ask(method: string, path: string, signal: AbortSignal | undefined): Promise<string> {
    const name = `${method} ${path}`;
    let response: Response;
    let text: string;
    try {
      response = await this.#fetch(this.#around.url + path, { method, signal: signal ?? null });
      text = await response.text();
    } catch (cause) {
      if (signal?.aborted === true) throw signal.reason;
      throw new NetlogClientError("connection_lost", `${name}: no answer`, { cause });
    }
    if (response.ok) return text;
    const code = response.headers.get("X-Netlog-Error") ?? "unexpected_answer";
    const retryAfterMs = Number(response.headers.get("Retry-After") ?? Number.NaN) * 1000 || undefined;
    throw new NetlogClientError(code, `${name}: ${response.status}`, {
      status: response.status,
      reason: reasonIn(text),
      retryAfterMs,
    });
  }

  readonly #fetch: Fetch = (input, init) => this.#fetchWith(this.#token, input, init);

  async #fetchWith(token: string | undefined, ...[input, init]: Parameters<Fetch>): Promise<Response> {
    const headers = new Headers(init?.headers);
    if (token !== undefined) headers.set("Authorization", `Bearer ${token}`);
    try {
      const response = await this.#around.fetch(input, { ...init, headers });
      this.#answered(response, token);
      return response;
    } catch (error) {
      if (init?.signal?.aborted !== true) this.#lost();
      throw error;
    }
  }

  /** `token` is what the request was sent with: the refusal of another one says nothing of the one in use. */
  #answered({ status, headers }: Response, token: string | undefined): void {
    const isOwn = headers.has("X-Netlog-Error");
    if (PROXY_ALONE.has(status) || (status === 503 && !isOwn)) {
      this.#lost();
      return;
    }
    if (status === 401 && isOwn && token === this.#token && !this.#needsToken) {
      this.#needsToken = true;
      this.changes.tell();
    }
    if (!this.#isGone) return;
    this.#isGone = false;
    this.#mayWorkNow();
  }

  #lost(): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.changes.tell();
    this.#beatIn(FIRST_BEAT_MS);
  }

  /** Asks for what needs no token until there is an answer, which #answered takes note of. */
  #beatIn(delayMs: number): void {
    this.#around.setTimeout(() => {
      if (!this.#isGone) return;
      this.once.version().catch(() => this.#beatIn(Math.min(delayMs * 2, LONGEST_BEAT_MS)));
    }, delayMs);
  }

  #mayWorkNow(): void {
    this.#returns++;
    this.changes.tell();
  }
}

function reasonIn(body: string): string | undefined {
  try {
    const { reason } = JSON.parse(body) as { reason?: unknown };
    return typeof reason === "string" ? reason : undefined;
  } catch {
    return undefined;
  }
}
