/**
 * Log lines of requests: each one at debug, and a failure of the server at error, once for each cause, and seldom for
 * causes that are alike: a disk that is broken or full fails every request. Neither payloads nor headers are ever in
 * them, for those hold tokens.
 */
import { isNetlogError, type Logger, type Runtime } from "../../lib/index.ts";
import { errorCode, HttpError } from "../wire/errors.ts";
import { withoutTokens } from "../wire/quote.ts";
import { givenReason } from "./error-answer.ts";
import type { Limits } from "./limits.ts";

/** What a client may call its request. */
const GIVEN_ID = /^[A-Za-z0-9._:-]{1,64}$/;
/** Characters of a random id that tell one run of the server from others. */
const PREFIX_LENGTH = 8;
const DIGITS = 36;
const MICROSECONDS = 1000;

/** What a line tells of a request. */
interface LoggedRequest {
  readonly request: { readonly method: string; readonly url: string };
  readonly startedAtMs: number;
  /** Its name in the log. */
  readonly id: string;
  /** The address of its client. */
  client(): string;
  readonly grant: { readonly name: string | undefined };
}

/** What a client called its request in `X-Request-Id`, to be told to it again. */
export function givenId(header: string | undefined): string | undefined {
  return header !== undefined && GIVEN_ID.test(header) ? header : undefined;
}

export class RequestLog {
  readonly #logger: Logger;
  readonly #runtime: Runtime;
  readonly #prefix: string;
  #lastNumber = 0;
  readonly #limits: Limits;
  /** Causes that were logged. */
  readonly #logged = new WeakSet<object>();
  /** When those of a code, of the system's or our own, or of a name were, last. */
  readonly #loggedAtMs = new Map<unknown, number>();

  constructor(logger: Logger, runtime: Runtime, limits: Limits) {
    this.#limits = limits;
    this.#logger = logger;
    this.#runtime = runtime;
    this.#prefix = runtime.randomId().slice(0, PREFIX_LENGTH);
  }

  /** A name for a request whose client gave it none. */
  newId(): string {
    this.#lastNumber += 1;
    return `${this.#prefix}-${this.#lastNumber.toString(DIGITS)}`;
  }

  /** `status` is `undefined` when the client left. */
  note(exchange: LoggedRequest, status: number | string | undefined): void {
    if (this.#logger.isLevelEnabled?.("debug") === false) return;
    const { method, url } = exchange.request;
    const elapsedMs = this.#runtime.elapsedMs() - exchange.startedAtMs;
    this.#logger.debug(
      {
        id: exchange.id,
        method,
        url,
        status: status ?? "client left",
        elapsedMs: Math.round(elapsedMs * MICROSECONDS) / MICROSECONDS,
        client: exchange.client(),
        token: exchange.grant.name,
      },
      "request",
    );
  }

  /** Logs an answer of 5xx. What a shutdown ends is no trouble, and may be ten thousand scans. */
  noteFailure(exchange: LoggedRequest, error: unknown, status: number | string): void {
    if (errorCode(error) === "shutting_down" || !this.#isNews(error)) return;
    const { method, url } = exchange.request;
    this.#logger.error({ err: error, id: exchange.id, method, url, status }, "request failed");
  }

  /**
   * A client that is turned away needs an operator; one that tries again and again needs one line. `path` is what it asked
   * for, decoded.
   */
  noteForbidden(exchange: LoggedRequest, path: string, error: unknown): void {
    if (!this.#isDue("forbidden")) return;
    const { grant, request } = exchange;
    const fields = {
      method: request.method,
      path: withoutTokens(path),
      client: exchange.client(),
      token: grant.name,
      reason: givenReason(error),
    };
    this.#logger.warn(fields, "refused a request: forbidden");
  }

  /**
   * Each damage is. Else what has no cause is not: its reason was logged when it arose, such as a topic that could not
   * be opened, or that goes from one server to another.
   */
  #isNews(error: unknown): boolean {
    const isOurs = isNetlogError(error) || error instanceof HttpError;
    if (!isOurs || error.code === "checksum_error") return true;
    let cause: unknown = error;
    while (cause instanceof Error && cause.cause !== undefined) cause = cause.cause;
    if (cause === error || typeof cause !== "object" || cause === null || this.#logged.has(cause))
      return false;
    this.#logged.add(cause);
    return this.#isDue("code" in cause ? cause.code : (cause as Partial<Error>).name);
  }

  #isDue(code: unknown): boolean {
    const nowMs = this.#runtime.elapsedMs();
    const lastMs = this.#loggedAtMs.get(code) ?? Number.NEGATIVE_INFINITY;
    if (nowMs - lastMs < this.#limits.failureLogMs) return false;
    this.#loggedAtMs.set(code, nowMs);
    return true;
  }
}
