/** What the journal is asked: a page of the journals of an entity, and the telemetry of a client. */
import { formatSqlTime, type Queries, type Reads } from "../index.ts";
import { type EntityKind, entityKey } from "./entities.ts";
import { LIMITS } from "./limits.ts";

export interface JournalRequest {
  readonly kind: EntityKind;
  readonly id: string;
  /** `undefined`: journals of all domains. */
  readonly domain: string | undefined;
  /** Empty: any. */
  readonly operation: string;
  /** Seconds since 1970, both included; `undefined`: no bound. */
  readonly from: number | undefined;
  readonly to: number | undefined;
  readonly withAttributes: boolean;
  readonly withMetadata: boolean;
  readonly isDescending: boolean;
  /** May be beyond all rows. */
  readonly offset: bigint;
  readonly limit: number;
}

export interface Journal {
  readonly operation: string;
  /** RFC 3339 in UTC. */
  readonly occurredAt: string;
  /** Empty: the event names none. */
  readonly domain: string;
  /** JSON of objects, as PostgreSQL writes it; `{}` where it was not asked for. */
  readonly attributes: string;
  readonly metadata: string;
}

export interface JournalPage {
  readonly total: number;
  readonly journals: readonly Journal[];
}

/** The events of a page have more bytes than one answer may. */
export class PageTooLarge extends Error {}

/** `client.role.add`: exactly one word stands before. */
const ROLE_OPERATION = String.raw`e.operation ~ '^[^.]+\.role\.'`;
/** They list channels and clients, which may be another domain's. */
const CONNECTIONS = "'{channel.connect,channel.disconnect}'::text[]";
/** Seconds of the year 1: SQL has no time long before it. */
const FIRST_SECOND = -62_135_596_800;

/** @throws DatabaseError; PageTooLarge for attributes or metadata of a page that LIMITS.pageBytes refuses. */
export function listJournals(reads: Reads, request: JournalRequest): Promise<JournalPage> {
  return reads.snapshot(async (queries) => {
    const { where, values } = conditionsOf(request);
    const [row] = await queries.query<{ total: number }>(
      `SELECT count(*) AS total FROM journal_entities AS e WHERE ${where}`,
      values,
    );
    const total = row?.total ?? 0;
    if (request.limit === 0 || request.offset >= total) return { total, journals: [] };
    return { total, journals: await readPage(queries, request, where, values) };
  });
}

async function readPage(
  queries: Queries,
  { withAttributes, withMetadata, isDescending, limit, offset }: JournalRequest,
  where: string,
  values: readonly (string | number)[],
): Promise<Journal[]> {
  const direction = isDescending ? "DESC" : "ASC";
  const order = ["occurred_at", "log_offset", "id"].map((column) => `e.${column} ${direction}`).join(", ");
  // The window looks at sizes alone: what is too large is neither read nor sent.
  const fits = `sum(j.event_bytes) OVER () <= ${LIMITS.pageBytes}`;
  const object = (column: string, isWanted: boolean): string =>
    isWanted ? `CASE WHEN ${fits} THEN ${column} ELSE '{}' END` : "'{}'";
  const rows = await queries.query<Journal & { fits: boolean }>(
    `SELECT j.operation, j.occurred_at AS "occurredAt", j.domain, ${object("j.attributes", withAttributes)} AS attributes,
       ${object("j.metadata", withMetadata)} AS metadata, ${fits} AS fits
     FROM (SELECT occurred_at, log_offset, id FROM journal_entities AS e WHERE ${where}
       ORDER BY ${order} LIMIT ${limit} OFFSET ${offset}) AS e
     JOIN journal AS j ON j.id = e.id ORDER BY ${order}`,
    values,
  );
  if ((withAttributes || withMetadata) && rows[0]?.fits === false) throw new PageTooLarge();
  return rows.map(({ fits: _, occurredAt, ...row }) => ({ ...row, occurredAt: formatSqlTime(occurredAt) }));
}

/**
 * Operations about roles name no domain: they belong to the domain that had the entity by then, as an operation on the
 * entity itself shows. Those that a user did belong to no domain, for the roles are another entity's. All other journals
 * belong to the domain that they name.
 */
function conditionsOf(request: JournalRequest): { where: string; values: readonly (string | number)[] } {
  const { kind, id, domain, operation, from, to } = request;
  const values: (string | number)[] = [];
  const place = (value: string | number): string => `$${values.push(value)}`;
  const conditions = [`e.entity = ${place(entityKey(kind, id))}`];
  if (domain !== undefined) {
    const own = `e.domain = ${place(domain)}`;
    const known = `(SELECT min(occurred_at) FROM journal_entities
      WHERE entity = $1 AND domain = $2 AND operation LIKE '${kind}.%' AND operation <> ALL (${CONNECTIONS}))`;
    const isRoleHere = `e.domain = '' AND ${ROLE_OPERATION} AND e.occurred_at >= ${known}`;
    conditions.push(kind === "user" ? own : `(${own} OR (${isRoleHere}))`);
  }
  if (operation !== "") conditions.push(`e.operation = ${place(operation)}`);
  const bound = (comparison: string, seconds: number | undefined): void => {
    if (seconds === undefined) return;
    conditions.push(
      `e.occurred_at ${comparison} to_timestamp(${place(Math.max(seconds, FIRST_SECOND))}::float8)`,
    );
  };
  bound(">=", from);
  bound("<=", to);
  return { where: conditions.join(" AND "), values };
}

export interface ClientTelemetry {
  readonly subscriptions: number;
  readonly inboundMessages: number;
  readonly outboundMessages: number;
  /** RFC 3339 in UTC. */
  readonly firstSeen: string;
  readonly lastSeen: string;
}

/** `undefined`: nothing is known of the client in this domain. @throws DatabaseError. */
export async function findTelemetry(
  reads: Reads,
  clientId: string,
  domainId: string,
): Promise<ClientTelemetry | undefined> {
  const [row] = await reads.query<ClientTelemetry>(
    `SELECT inbound_messages AS "inboundMessages", outbound_messages AS "outboundMessages", first_seen AS "firstSeen",
       last_seen AS "lastSeen", (SELECT count(*) FROM subscriptions WHERE client_id = $1) AS subscriptions
     FROM clients_telemetry WHERE client_id = $1 AND domain_id = $2`,
    [clientId, domainId],
  );
  if (row === undefined) return undefined;
  return { ...row, firstSeen: formatSqlTime(row.firstSeen), lastSeen: formatSqlTime(row.lastSeen) };
}
