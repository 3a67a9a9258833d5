/** The way to the tracker's own routes: what they answer, and what went wrong. */
import { NetlogClientError } from "../../../../lib/client/index.ts";
import {
  PageLink,
  retryAfterMs,
  type ServerForms,
  type Surroundings,
} from "../../../console/app/shell/page-link.ts";
import { type Query, searchOf } from "../../../console/app/shell/route.ts";

/** A payload or a status, as its list has it; texts that are empty may be left out. */
export type Row = Readonly<Record<string, string | undefined>>;

export interface Listed {
  /** On all pages together. */
  readonly count: number;
  readonly data: readonly Row[];
}

/** A status of one payload, with what is known of the payload; texts that are empty are left out. */
export interface TrackedStatus {
  readonly request_id: string;
  readonly account?: string;
  readonly org_id?: string;
  readonly inventory_id?: string;
  readonly system_id?: string;
  readonly service: string;
  readonly source?: string;
  readonly status: string;
  readonly status_msg?: string;
  readonly date: string;
  readonly created_at: string;
}

export interface Tracked {
  readonly data: readonly TrackedStatus[];
  readonly duration: Readonly<Record<string, string>>;
  /** All statuses, where `data` has not got them all. */
  readonly count?: number;
}

const FORMS: ServerForms = {
  openPath: "/",
  guardedPath: "/payloads?page_size=1",
  storedAs: "tracker-token",
  // The refusal of a role asks for no token.
  isOwn: ({ status, headers }) =>
    status === 401 ? headers.has("WWW-Authenticate") : isJson(headers.get("Content-Type")),
  failureOf(response, body) {
    const { status, url } = response;
    const { message, reason } = wordsIn(body);
    return new NetlogClientError(codeOf(response), `${url}: ${status}`, {
      status,
      reason: reason === undefined ? message : `${message}: ${reason}`,
      retryAfterMs: retryAfterMs(response),
    });
  },
};

export class TrackerLink extends PageLink {
  constructor(around: Surroundings) {
    super(around, FORMS);
  }

  async list(path: "payloads" | "statuses", query: Query, signal: AbortSignal): Promise<Listed> {
    return JSON.parse(await this.get(`/${path}${searchOf(query)}`, signal)) as Listed;
  }

  /** `undefined`: there is no such payload. */
  async payload(requestId: string, query: Query, signal: AbortSignal): Promise<Tracked | undefined> {
    return await this.#found<Tracked>(`/payloads/${encodeURIComponent(requestId)}${searchOf(query)}`, signal);
  }

  /** `undefined`: there is no Kibana. */
  async kibanaUrl(requestId: string, signal: AbortSignal): Promise<string | undefined> {
    const path = `/payloads/${encodeURIComponent(requestId)}/kibanaLink`;
    return (await this.#found<{ readonly url: string }>(path, signal))?.url;
  }

  /** `undefined`: the payload has no archive. */
  async archiveUrl(requestId: string): Promise<string | undefined> {
    const path = `/payloads/${encodeURIComponent(requestId)}/archiveLink`;
    return (await this.#found<{ readonly url: string }>(path))?.url;
  }

  /** Rejects where the one who asks may have no archives. */
  async checkArchiveRole(signal: AbortSignal): Promise<void> {
    await this.get("/roles/archiveLink", signal);
  }

  async #found<Answer>(path: string, signal?: AbortSignal): Promise<Answer | undefined> {
    try {
      return JSON.parse(await this.get(path, signal)) as Answer;
    } catch (error) {
      if (error instanceof NetlogClientError && error.code === "not_found") return undefined;
      throw error;
    }
  }
}

function isJson(contentType: string | null): boolean {
  return contentType?.startsWith("application/json") === true;
}

/** The codes that the pages know: see failure.ts. */
function codeOf({ status, headers }: Response): string {
  if (status === 401 && headers.has("WWW-Authenticate")) return "unauthorized";
  if (status === 404 && isJson(headers.get("Content-Type"))) return "not_found";
  return status === 429 ? "too_many_requests" : "unexpected_answer";
}

/** The tracker's own form of errors. */
function wordsIn(body: string): {
  readonly message?: string | undefined;
  readonly reason?: string | undefined;
} {
  try {
    const { message, reason } = JSON.parse(body) as Readonly<Record<string, unknown>>;
    const text = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);
    return { message: text(message), reason: text(reason) };
  } catch {
    return {};
  }
}
