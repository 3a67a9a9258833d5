/**
 * The way from a request to its row of the route table: a Hono app on Hono's adapter for Node. Handlers read and
 * write Node's own two objects, so the app answers nothing itself. The path that it matches is our own reading of
 * the target, for an URL would resolve dot segments and the contract takes paths as sent.
 */
import type { IncomingMessage } from "node:http";
import { getRequestListener, type HttpBindings } from "@hono/node-server";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import { type Context, Hono } from "hono";
import { NetlogError } from "../../lib/index.ts";
import { handle } from "../http/dispatch.ts";
import type { Exchange } from "../http/exchange.ts";
import { RESOURCES, type Resource } from "./routes.ts";

interface Env {
  readonly Bindings: HttpBindings;
}

/** Exchanges on their way through the app. */
const exchanges = new WeakMap<IncomingMessage, Exchange>();

const app = new Hono<Env>({ getPath: (_request, options) => pathOf(options?.env as HttpBindings) });
for (const resource of RESOURCES) app.all(resource.path, (context) => handOver(context, resource));
app.notFound((context) => handOver(context, undefined));

const listener = getRequestListener(app.fetch, {
  // Of a request without Host, which HTTP/1.0 allows.
  hostname: "localhost",
  overrideGlobalObjects: false,
  autoCleanupIncoming: false,
  // It builds no request from a malformed Host, or from a target that no URL can have: see routeByApp.
  errorHandler: () => undefined,
});

/**
 * Finds the row for a request whose target was parsed, and has it handled.
 *
 * @throws bad_request when the adapter made no request of it.
 */
export async function routeByApp(exchange: Exchange): Promise<void> {
  exchanges.set(exchange.incoming, exchange);
  await listener(exchange.incoming, exchange.outgoing);
  if (!exchanges.delete(exchange.incoming)) return;
  throw new NetlogError("bad_request", { reason: "the Host header or the request target is malformed" });
}

function handOver(context: Context<Env>, resource: Resource | undefined): Response {
  const exchange = exchangeOf(context.env);
  exchanges.delete(exchange.incoming);
  // What is under `/-/` is the server's own, never a topic's.
  const isMisread = exchange.target.parts[0] === "-" && resource?.path.startsWith("/:topic/") === true;
  handle(exchange, isMisread ? undefined : resource);
  return RESPONSE_ALREADY_SENT;
}

function exchangeOf({ incoming }: HttpBindings): Exchange {
  const exchange = exchanges.get(incoming as IncomingMessage);
  if (exchange === undefined) throw new TypeError("a request came to the app without its exchange");
  return exchange;
}

function pathOf(env: HttpBindings): string {
  return `/${exchangeOf(env).target.parts.map(encodeURIComponent).join("/")}`;
}
