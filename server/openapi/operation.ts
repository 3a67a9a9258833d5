/** How a route is described, in the words of the route table; document.ts makes OpenAPI of it. */
import type { ErrorCode } from "../../lib/index.ts";

export type HttpMethod = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/** An OpenAPI object, as it goes out. */
export type Json = Readonly<Record<string, unknown>>;

export interface Success {
  readonly description: string;
  /** Media type to schema; none: no body. */
  readonly content?: Readonly<Record<string, Json>>;
  /** Names of headers; see parts.ts. */
  readonly headers?: readonly string[];
}

export interface Operation {
  readonly method: HttpMethod;
  /** As OpenAPI spells it: `/{topic}/scan`. */
  readonly path: string;
  readonly id: string;
  readonly tag: string;
  readonly summary: string;
  /** Query parameters; see parts.ts. */
  readonly query?: readonly string[];
  /** Those of them without which nothing goes. */
  readonly required?: readonly string[];
  /** Headers of the request that are its own; see parts.ts. */
  readonly requestHeaders?: readonly string[];
  /** Media type to schema. */
  readonly body?: Readonly<Record<string, Json>>;
  readonly isBodyRequired?: boolean;
  readonly success: Readonly<Record<string, Success>>;
  /** Beside those that every route has. */
  readonly errors: readonly (ErrorCode | "not_acceptable" | "request_timeout")[];
  /** HEAD is there too. */
  readonly head?: true;
  /** Needs no topic. */
  readonly hasNoTopic?: true;
  /** Needs no token, where they are used. */
  readonly isOpen?: true;
}
