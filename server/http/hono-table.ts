/**
 * Finds what a path names by a Hono app on Hono's adapter for Node: for pages that a server's time does not go to, and
 * beside which other web handlers may stand. The app answers nothing itself. The path that it matches is our own reading
 * of the target, because paths are taken as sent and an URL would resolve dot segments.
 */
import type { IncomingMessage } from "node:http";
import { getRequestListener, type HttpBindings } from "@hono/node-server";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import { Hono } from "hono";
import { NetlogError } from "../../lib/index.ts";
import type { Action, Found } from "./door.ts";
import type { Exchange } from "./exchange.ts";
import { NodeRequest } from "./node-request.ts";
import type { Resource } from "./resource.ts";

interface Env {
  readonly Bindings: HttpBindings;
}

/** A request on its way through the app. */
interface Search {
  readonly path: string;
  isOver: boolean;
  found: Found;
}

export class HonoTable {
  readonly #searches = new WeakMap<IncomingMessage, Search>();
  readonly #listener: ReturnType<typeof getRequestListener>;

  constructor(resources: readonly Resource<Action>[]) {
    const app = new Hono<Env>({ getPath: (_, options) => this.#searchOf(options?.env as HttpBindings).path });
    const note = (env: HttpBindings, found: Found): Response => {
      Object.assign(this.#searchOf(env), { isOver: true, found });
      return RESPONSE_ALREADY_SENT;
    };
    for (const resource of resources) app.all(resource.path, ({ env }) => note(env, resource));
    app.notFound(({ env }) => note(env, undefined));
    this.#listener = getRequestListener(app.fetch, {
      // For a request without Host, which HTTP/1.0 allows.
      hostname: "localhost",
      overrideGlobalObjects: false,
      autoCleanupIncoming: false,
      // It makes no request of a target that no URL can have.
      errorHandler: () => undefined,
    });
  }

  /** @throws bad_request when the adapter made no request of it. */
  async find({ request, target }: Exchange): Promise<Found> {
    if (!(request instanceof NodeRequest)) throw new TypeError("the app takes requests of node:http alone");
    const { incoming, outgoing } = request;
    const path = `/${target.parts.map(encodeURIComponent).join("/")}`;
    const search: Search = { path, isOver: false, found: undefined };
    this.#searches.set(incoming, search);
    await this.#listener(incoming, outgoing);
    if (search.isOver) return search.found;
    throw new NetlogError("bad_request", { reason: "the Host header or the request target is malformed" });
  }

  #searchOf({ incoming }: HttpBindings): Search {
    const search = this.#searches.get(incoming as IncomingMessage);
    if (search === undefined) throw new TypeError("a request came to the app without its exchange");
    return search;
  }
}
