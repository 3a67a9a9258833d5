/**
 * A front door: one way to speak to the topics. A door has routes, finds the topic that a request means, and words its
 * errors. server/index.ts lists the doors; everything else in http/ is the same for all of them.
 */
import type { Need } from "../auth/rights.ts";
import type { ParameterNames } from "../wire/parameter-names.ts";
import type { Answer, AnyAnswer } from "./answer.ts";
import type { ServerContext } from "./context.ts";
import type { Exchange } from "./exchange.ts";
import type { Resource } from "./resource.ts";

export interface Door {
  /** Whether a path, cut into its decoded parts, is this door's. */
  owns(parts: readonly string[]): boolean;
  /** What the path of the request names; `undefined`: nothing. */
  find(exchange: Exchange): Found | Promise<Found>;
  /** The topic that the path names: rights are looked up for it, whether it exists or not. */
  topicNameOf(parts: readonly string[]): string;
  /** A topic that the request makes another one of, where that is not made yet: the owner of the first one makes it. */
  sourceOf?(exchange: Exchange): string | undefined;
  /** The methods of all its paths, as `Allow` lists them. */
  readonly allow: string;
  /** Headers of every answer, be it an error. */
  headersOf?(context: ServerContext): readonly string[];
  /** The answer to a request that failed with `error`, in this door's words; `headers` belong to it. */
  errorAnswer(exchange: Exchange, error: unknown, headers: readonly string[]): Answer;
}

export type Found = Resource<Action> | undefined;

/** What one method does under one path. */
export interface Action {
  readonly needs: Need;
  /** It publishes to the topic or reads from it, which a topic with a ttl waits for; HEAD does neither. */
  readonly isUse?: true | undefined;
  /** Its answers hold payloads, which are anybody's text: a browser must not run them, nor show them within a page. */
  readonly givesPayloads?: true | undefined;
  /** A link on a page of another site may lead there. */
  readonly isOpenToLinks?: true | undefined;
  /** It answers soon, and with little: a small request may be relayed to the server that has the topic (relay.ts). */
  readonly isBrief?: true | undefined;
  readonly handle: Handler;
  /** The limit on the body that it takes. Without it a body is refused. */
  readonly bodyLimit: BodyLimit | undefined;
  /** What it takes in the query. */
  readonly parameters: ParameterNames;
}

/** Gives `undefined` when the client has left. Throws NetlogError or HttpError for what it refuses. */
export type Handler = (exchange: Exchange) => Answer | Promise<AnyAnswer | undefined>;

export type BodyLimit = "payloadBytes" | "settingsBytes" | "batchBytes" | "ackBytes" | "unlimited";
