/** The way to the journal's own routes: what they answer, and what went wrong. */
import { NetlogClientError } from "../../../../lib/client/index.ts";
import {
  PageLink,
  retryAfterMs,
  type ServerForms,
  type Surroundings,
} from "../../../console/app/shell/page-link.ts";
import { type Query, searchOf } from "../../../console/app/shell/route.ts";
import { type Entity, journalPath } from "./entity.ts";
import { type JournalPage, parseJournals } from "./journals.ts";

/** Whom the token stands for; everybody may read everything where no tokens are used. */
export interface Session {
  readonly user?: string;
  readonly domains: readonly string[];
  readonly platform_admin: boolean;
}

export interface Telemetry {
  readonly client_id: string;
  readonly domain_id: string;
  readonly subscriptions: number;
  readonly inbound_messages: number;
  readonly outbound_messages: number;
  readonly first_seen: string;
  readonly last_seen: string;
}

/** Messages within an hour by the log's time, which begins at `start`. */
export interface ClientHour {
  readonly start: string;
  readonly inbound_messages: number;
  readonly outbound_messages: number;
}

/** Answers that say less than a reader needs. */
const REASONS: Readonly<Record<number, string>> = {
  422: "the journal's database does not answer, or took too long; try again later, or ask for less: a shorter time, or no attributes",
  500: "the journal failed; the server's log says why",
};
const OUT_OF_REACH = "failed to perform authorization over the entity";

/** Who makes a token depends on how the server checks them. */
const TOKEN_HINTS: Readonly<Record<string, string>> = {
  tokens:
    "The journal asks whose journals you may see. An operator makes a token for you with: netlog token create --user … --domains …",
  jwks: "The journal asks who you are. Paste the JSON Web Token that your platform gave you at sign-in.",
};

const FORMS: ServerForms = {
  openPath: "/health",
  guardedPath: "/-/session",
  storedAs: "journal-token",
  isOwn: ({ status, headers }) =>
    status === 401
      ? headers.has("WWW-Authenticate")
      : headers.get("Content-Type")?.startsWith("application/json") === true,
  failureOf(response, body) {
    const { status, url } = response;
    const message = messageIn(body);
    return new NetlogClientError(codeOf(status, message), `${url}: ${status}`, {
      status,
      reason: REASONS[status] ?? message,
      retryAfterMs: retryAfterMs(response),
    });
  },
};

export class JournalLink extends PageLink {
  /** `access` is the way in which the server finds out who asks. */
  constructor(around: Surroundings, access: string) {
    const tokenHint = TOKEN_HINTS[access];
    super(around, tokenHint === undefined ? FORMS : { ...FORMS, tokenHint });
  }

  async session(signal: AbortSignal): Promise<Session> {
    return JSON.parse(await this.get("/-/session", signal)) as Session;
  }

  async journals(entity: Entity, query: Query, signal: AbortSignal): Promise<JournalPage> {
    return parseJournals(await this.get(journalPath(entity) + searchOf(query), signal));
  }

  /** `undefined`: nothing is known of the client in this domain. */
  async telemetry(client: Entity, signal: AbortSignal): Promise<Telemetry | undefined> {
    return (await this.#find(`${journalPath(client)}/telemetry`, signal)) as Telemetry | undefined;
  }

  /** Those with messages, from `from` on, in seconds since 1970. `undefined`: nothing is known of the client. */
  async hours(client: Entity, from: number, signal: AbortSignal): Promise<readonly ClientHour[] | undefined> {
    const found = await this.#find(`${journalPath(client)}/telemetry/hours?from=${from}`, signal);
    return (found as { readonly hours: readonly ClientHour[] } | undefined)?.hours;
  }

  async #find(path: string, signal: AbortSignal): Promise<unknown> {
    try {
      return JSON.parse(await this.get(path, signal));
    } catch (error) {
      if (error instanceof NetlogClientError && error.code === "not_found") return undefined;
      throw error;
    }
  }
}

/** The server says only that it refuses. Whom the token stands for says why. */
export function outOfReach({ kind, domain, id }: Entity, session: Session | undefined): string {
  const { user, domains = [] } = session ?? {};
  if (kind === "user" && domain === "") {
    const own = user === undefined ? "of no user" : `of user ${user}`;
    return `The journal of user ${id} across domains is for that user and for platform admins, and your token is ${own}. Choose a domain, or use another token.`;
  }
  const own = domains.length === 0 ? "in no domain" : `in ${domains.join(", ")}`;
  return `Your token is ${own}, and not in domain ${domain}. Choose another domain, or use a token of that one.`;
}

/** The codes that the pages know: see failure.ts. `out_of_reach` is what the token's user and domains do not let them see. */
function codeOf(status: number, message: string | undefined): string {
  if (status === 401 && message !== "email not verified") return "unauthorized";
  if (status === 403) return message === OUT_OF_REACH ? "out_of_reach" : "forbidden";
  if (status === 404 && message !== undefined) return "not_found";
  return status === 429 ? "too_many_requests" : "unexpected_answer";
}

function messageIn(body: string): string | undefined {
  try {
    const { message } = JSON.parse(body) as { message?: unknown };
    return typeof message === "string" ? message : undefined;
  } catch {
    return undefined;
  }
}
