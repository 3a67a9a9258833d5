/** The journal's routes: what is where, and what each answers. */
import { MiB } from "../../../lib/index.ts";
import { troubleOfText } from "../../../lib/views/index.ts";
import {
  type EntityKind,
  findHours,
  findTelemetry,
  isEntityKind,
  LIMITS,
  listJournals,
  PageTooLarge,
} from "../../../lib/views/journal/index.ts";
import { type Answer, textAnswer } from "../../http/answer.ts";
import type { Handler } from "../../http/door.ts";
import type { Exchange } from "../../http/exchange.ts";
import type { Route } from "../../http/route-table.ts";
import { badRequest, HttpError } from "../../wire/errors.ts";
import { PROMETHEUS, readRoute, tellLive, tellReady } from "../probes.ts";
import { authorize, type Session } from "./access.ts";
import { healthAnswer, hoursAnswer, pageAnswer, telemetryAnswer } from "./answers.ts";
import { type Journal, partOf, timed } from "./journal.ts";
import { LIST_PARAMETERS, type PageRequest, RANGE_PARAMETERS, readPageRequest, readRange } from "./query.ts";

/** Paths whose first part is no domain. */
export function ownRoutes(journal: Journal): readonly Route[] {
  const { needs } = journal.access;
  return [
    readRoute("/journal/user/:user", tellUser(journal), { needs, ...LIST }),
    readRoute("/health", tellHealth(journal), { ignoresOthers: true }),
    readRoute("/live", tellLive(journal)),
    readRoute("/ready", tellReady(journal)),
    readRoute("/metrics", tellMetrics(journal), { needs: "metrics", ignoresOthers: true }),
  ];
}

/** Paths of a domain. */
export function domainRoutes(journal: Journal): readonly Route[] {
  const { needs } = journal.access;
  return [
    readRoute("/:domain/journal/client/:client/telemetry", tellTelemetry(journal), {
      needs,
      ignoresOthers: true,
    }),
    readRoute("/:domain/journal/client/:client/telemetry/hours", tellHours(journal), {
      needs,
      query: RANGE_PARAMETERS,
      ignoresOthers: true,
    }),
    // The word of the routes above would hide clients from the one below.
    readRoute("/:domain/journal/client/:id", tellEntity(journal), { needs, ...LIST }),
    readRoute("/:domain/journal/:kind/:id", tellEntity(journal), { needs, ...LIST }),
  ];
}

const TOO_LARGE = `invalid limit size: the events of this page have more than ${LIMITS.pageBytes / MiB} MiB; ask for fewer, or without attributes and metadata`;

const LIST = { query: LIST_PARAMETERS, ignoresOthers: true } as const;

/** `GET /journal/user/{userID}`: across domains. */
function tellUser(journal: Journal): Handler {
  return async (exchange) => {
    const session = await journal.access.authenticate(exchange);
    const page = readPageRequest(exchange);
    const id = partOf(exchange, 2);
    authorize(session, { user: id });
    return await answerPage(journal, page, { kind: "user", id, domain: undefined });
  };
}

/** `GET /{domainID}/journal/{entityType}/{entityID}`. */
function tellEntity(journal: Journal): Handler {
  return async (exchange) => {
    const session = await journal.access.authenticate(exchange);
    const page = readPageRequest(exchange);
    const kind = partOf(exchange, 2);
    if (!isEntityKind(kind)) throw badRequest("invalid entity type");
    const domain = requireDomain(exchange);
    authorize(session, { domain });
    return await answerPage(journal, page, { kind, id: partOf(exchange, 3), domain });
  };
}

/** `GET /{domainID}/journal/client/{clientID}/telemetry`. */
function tellTelemetry(journal: Journal): Handler {
  return async (exchange) => {
    const session = await journal.access.authenticate(exchange);
    const { domain, id } = requireClient(exchange, session);
    const found = await timed(journal, "retrieve_client_telemetry", () =>
      findTelemetry(journal.view.reads, id, domain),
    );
    return telemetryAnswer(id, domain, requireFound(found));
  };
}

/** `GET /{domainID}/journal/client/{clientID}/telemetry/hours`, which upstream does not have. */
function tellHours(journal: Journal): Handler {
  return async (exchange) => {
    const session = await journal.access.authenticate(exchange);
    const range = readRange(exchange.parameters());
    const { domain, id } = requireClient(exchange, session);
    const found = await findHours(journal.view.reads, { clientId: id, domainId: domain, ...range });
    return hoursAnswer(id, domain, requireFound(found));
  };
}

/** @throws bad_request, forbidden. */
function requireClient(
  exchange: Exchange,
  session: Session,
): { readonly domain: string; readonly id: string } {
  const domain = requireDomain(exchange);
  authorize(session, { domain });
  return { domain, id: requireId(partOf(exchange, 3)) };
}

/** @throws not_found. */
function requireFound<Found>(found: Found | undefined): Found {
  if (found === undefined) throw new HttpError("not_found", { reason: "entity not found" });
  return found;
}

interface Listed {
  readonly kind: EntityKind;
  readonly id: string;
  readonly domain: string | undefined;
}

async function answerPage(journal: Journal, page: PageRequest, listed: Listed): Promise<Answer> {
  requireId(listed.id);
  try {
    const { total, journals } = await timed(journal, "retrieve_all", () =>
      listJournals(journal.view.reads, { ...page, ...listed }),
    );
    return pageAnswer(page, total, journals);
  } catch (error) {
    throw error instanceof PageTooLarge ? badRequest(TOO_LARGE) : error;
  }
}

function requireDomain(exchange: Exchange): string {
  const domain = partOf(exchange, 0);
  if (domain === "" || troubleOfText(domain) !== undefined) throw badRequest("missing domainID");
  return domain;
}

/** SQL has no text with a NUL, so nothing has such an id. */
function requireId(id: string): string {
  if (troubleOfText(id) !== undefined) throw badRequest("missing entity id");
  return id;
}

function tellHealth({ version, instanceId }: Journal): Handler {
  return () => healthAnswer(version, instanceId);
}

function tellMetrics({ metrics }: Journal): Handler {
  return async () => textAnswer(PROMETHEUS, await metrics.text());
}
