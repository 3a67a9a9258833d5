/**
 * The one way from a page to its server: every request passes here, so that one place knows whether the server is there,
 * and whether it asks for a token. The token lies in sessionStorage and goes into one header: into no URL.
 */
import { isNetlogClientError, NetlogClientError } from "../../../../lib/client/index.ts";
import { Listeners } from "./listeners.ts";

/** The part of the browser that a link needs; tests bring their own. */
export interface Surroundings {
  /** Where the server is, without a slash at its end. */
  readonly url: string;
  readonly fetch: typeof fetch;
  readonly storage: TokenStorage;
  setTimeout(call: () => void, delayMs: number): unknown;
}

/** The part of sessionStorage that keeps a token. */
export interface TokenStorage {
  getItem(name: string): string | null;
  setItem(name: string, value: string): void;
  removeItem(name: string): void;
}

/** What a link has to know of its server. */
export interface ServerForms {
  /** Answers without a token. */
  readonly openPath: string;
  /** Answers those who have a token. */
  readonly guardedPath: string;
  /** The name of the token in sessionStorage. */
  readonly storedAs: string;
  /** Whose token is asked for, and who makes one; the usual words where it is left out. */
  readonly tokenHint?: string;
  /** A refusal is the server's own, and not that of a proxy in front of it. */
  readonly isOwn: (response: Response) => boolean;
  /** A refusal as an error. */
  readonly failureOf: (response: Response, body: string) => NetlogClientError;
}

/** A beat of the heart while the server is gone. */
const FIRST_BEAT_MS = 1000;
const LONGEST_BEAT_MS = 5000;
/** What a proxy answers while its server is away. */
const PROXY_ALONE: ReadonlySet<number> = new Set([502, 504]);

export class PageLink {
  readonly changes: Listeners = new Listeners();
  readonly #around: Surroundings;
  readonly #forms: ServerForms;
  #token: string | undefined;
  #isGone = false;
  #needsToken = false;
  #returns = 0;

  constructor(around: Surroundings, forms: ServerForms) {
    this.#around = around;
    this.#forms = forms;
    this.#token = around.storage.getItem(forms.storedAs) ?? undefined;
  }

  /** The last request met no server; the link asks again by itself until one answers. */
  get isGone(): boolean {
    return this.#isGone;
  }

  /** The server refused a request for want of a valid token. */
  get needsToken(): boolean {
    return this.#needsToken;
  }

  /** What stands beside the field for a token. */
  get tokenHint(): string {
    return (
      this.#forms.tokenHint ??
      "This server asks for a token. An operator makes one with: netlog token create."
    );
  }

  get hasToken(): boolean {
    return this.#token !== undefined;
  }

  /** Grows whenever what failed before may work now: the server is back, or a token was given. */
  get returns(): number {
    return this.#returns;
  }

  /** Takes the token if the server does. Resolves to false where the server refuses it. @throws as a request does. */
  async signIn(token: string): Promise<boolean> {
    try {
      await this.#ask("GET", this.#forms.guardedPath, undefined, token);
    } catch (error) {
      if (isNetlogClientError(error, "unauthorized", "invalid_argument")) return false;
      throw error;
    }
    this.#token = token;
    this.#around.storage.setItem(this.#forms.storedAs, token);
    this.#needsToken = false;
    this.#mayWorkNow();
    return true;
  }

  /** Forgets the token. */
  signOut(): void {
    this.#token = undefined;
    this.#around.storage.removeItem(this.#forms.storedAs);
    this.#mayWorkNow();
  }

  /** What `path` answers. @throws NetlogClientError; the signal's reason. */
  async get(path: string, signal?: AbortSignal): Promise<string> {
    return await this.#ask("GET", path, signal, this.#token);
  }

  /** The same for a route that changes something; it is tried once. */
  async post(path: string): Promise<string> {
    return await this.#ask("POST", path, undefined, this.#token);
  }

  /** As the browser's, with the token. */
  protected readonly fetch: typeof fetch = (...given) => this.#fetchWith(this.#token, ...given);

  async #ask(
    method: string,
    path: string,
    signal: AbortSignal | undefined,
    token: string | undefined,
  ): Promise<string> {
    let response: Response;
    let text: string;
    try {
      response = await this.#fetchWith(token, this.#around.url + path, { method, signal: signal ?? null });
      text = await response.text();
    } catch (cause) {
      if (signal?.aborted === true) throw signal.reason;
      if (isNetlogClientError(cause)) throw cause;
      throw new NetlogClientError("connection_lost", `${method} ${path}: no answer`, { cause });
    }
    if (response.ok) return text;
    throw this.#forms.failureOf(response, text);
  }

  async #fetchWith(token: string | undefined, ...[input, init]: Parameters<typeof fetch>): Promise<Response> {
    const headers = new Headers(init?.headers);
    if (token !== undefined) authorize(headers, token);
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
  #answered(response: Response, token: string | undefined): void {
    const { status } = response;
    const isOwn = this.#forms.isOwn(response);
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
      this.get(this.#forms.openPath).catch(() => this.#beatIn(Math.min(delayMs * 2, LONGEST_BEAT_MS)));
    }, delayMs);
  }

  #mayWorkNow(): void {
    this.#returns++;
    this.changes.tell();
  }
}

/** When the server wants to be asked again; `undefined`: it does not say. */
export function retryAfterMs({ headers }: Response): number | undefined {
  return Number(headers.get("Retry-After") ?? Number.NaN) * 1000 || undefined;
}

/** @throws NetlogClientError for a token that no header can hold. */
function authorize(headers: Headers, token: string): void {
  try {
    headers.set("Authorization", `Bearer ${token}`);
  } catch (cause) {
    throw new NetlogClientError("invalid_argument", "the token has characters that no token has", { cause });
  }
}
