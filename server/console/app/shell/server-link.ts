/** The console's way to its server: the client library, and the routes that the library has no call for. */
import { NetlogClient, NetlogClientError } from "../../../../lib/client/index.ts";
import type { CurlServer } from "../feed/curl.ts";
import { PageLink, retryAfterMs, type ServerForms, type Surroundings } from "./page-link.ts";

const FORMS: ServerForms = {
  openPath: "/-/version",
  guardedPath: "/",
  storedAs: "netlog-token",
  isOwn: ({ headers }) => headers.has("X-Netlog-Error"),
  failureOf(response, body) {
    const { status, headers, url } = response;
    const code = headers.get("X-Netlog-Error") ?? "unexpected_answer";
    const fields = { status, reason: reasonIn(body), retryAfterMs: retryAfterMs(response) };
    return new NetlogClientError(code, `${url}: ${status}`, fields);
  },
};

export class ServerLink extends PageLink {
  /** For what people do: it tries again for a few seconds. */
  readonly client: NetlogClient;
  /** For what is asked again in a moment anyway: each call is tried once. */
  readonly once: NetlogClient;
  readonly #url: string;

  constructor(around: Surroundings) {
    super(around, FORMS);
    this.#url = around.url;
    this.client = new NetlogClient(around.url, {
      fetch: this.fetch,
      retry: { attempts: 4, maxTotalMs: 5000 },
    });
    this.once = new NetlogClient(around.url, { fetch: this.fetch, retry: false });
  }

  get curl(): CurlServer {
    return { url: this.#url, hasToken: this.hasToken };
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
