/** What a route does, and how it is described; document.ts makes OpenAPI of it. */
import type { ErrorCode } from "../../lib/index.ts";
import type { Action, BodyLimit, Handler } from "../http/door.ts";

/** An OpenAPI object, as it goes out. */
export type Json = Readonly<Record<string, unknown>>;

export interface Success {
  readonly description: string;
  /** Media type to schema; none: no body. */
  readonly content?: Readonly<Record<string, Json>>;
  /** Names of headers; see parts.ts. */
  readonly headers?: readonly string[];
}

/** Stands beside its handler; the row in the route table says where it is, and who may call it. */
export interface Operation {
  readonly handle: Handler;
  /** Where several methods do the same, it is that of POST. */
  readonly id: string;
  readonly tag: string;
  readonly summary: string;
  /** What the summary has no room for. */
  readonly description?: string;
  /** Query parameters; see parts.ts. */
  readonly query?: readonly string[];
  /** The query parameters without which the route answers 400. */
  readonly required?: readonly string[];
  /** Headers of the request that are its own; see parts.ts. */
  readonly requestHeaders?: readonly string[];
  /** Without it a body is refused. */
  readonly body?: {
    readonly limit: BodyLimit;
    /** Media type to schema. */
    readonly content: Readonly<Record<string, Json>>;
    readonly isRequired?: true;
  };
  readonly success: Readonly<Record<string, Success>>;
  /** Beside those that every route has. */
  readonly errors: readonly (
    | ErrorCode
    | "not_acceptable"
    | "request_timeout"
    | "gone"
    | "stream_exists"
    | "content_type_mismatch"
  )[];
}

/** A row of a route table. */
export interface DescribedRoute {
  readonly method: "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** `/:topic/scan`. */
  readonly path: string;
  readonly needs: Action["needs"];
  readonly does: Operation;
  /** A GET that changes nothing, and so is there as HEAD as well. */
  readonly head?: true;
}
