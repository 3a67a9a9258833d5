/** What the tracker answers: lists of payloads and of statuses, and one payload with its statuses and durations. */
import type { Queries, Reads } from "../index.ts";
import { LIMITS } from "./limits.ts";
import { type List, type ListRequest, type ListSource, readList } from "./list.ts";

/** Times are as PostgreSQL prints them: see formatSqlTime. */
export interface PayloadRow {
  readonly id: number;
  readonly request_id: string;
  readonly account: string;
  readonly org_id: string;
  readonly inventory_id: string;
  readonly system_id: string;
  readonly created_at: string;
}

/** A row of a list of statuses; `id` is the payload's. */
export interface ListedStatus {
  readonly id: number;
  readonly request_id: string;
  readonly service: string;
  readonly source: string;
  readonly status: string;
  readonly status_msg: string;
  readonly date: string;
  readonly created_at: string;
}

/** A status of one payload. */
export type StatusRow = Omit<ListedStatus, "id" | "request_id">;

export const PAYLOAD_SORTS = ["account", "org_id", "inventory_id", "system_id", "created_at"] as const;
export const PAYLOAD_FILTERS = ["account", "org_id", "inventory_id", "system_id"] as const;
export const STATUS_SORTS = [
  "service",
  "source",
  "request_id",
  "status",
  "status_msg",
  "date",
  "created_at",
] as const;
export const STATUS_FILTERS = ["service", "source", "status", "status_msg"] as const;
export const ONE_PAYLOAD_SORTS = ["service", "source", "status", "status_msg", "date", "created_at"] as const;

const PAYLOADS: ListSource = {
  total: "payloads",
  table: "payloads",
  alias: "p",
  names: {},
  conditionOn: (column, comparison, value) => `p.${column} ${comparison} ${value}`,
  sorts: Object.fromEntries(PAYLOAD_SORTS.map((name) => [name, ownColumn("p", name)])),
  joins: "",
  columns: "p.id, p.request_id, p.account, p.org_id, p.inventory_id, p.system_id, p.created_at",
};

const NAME_JOINS = `JOIN services ON services.id = s.service_id JOIN sources ON sources.id = s.source_id
  JOIN statuses ON statuses.id = s.status_id`;
const STATUS_COLUMNS =
  "services.name AS service, sources.name AS source, statuses.name AS status, s.status_msg, s.date, s.created_at";

const STATUSES: ListSource = {
  total: "payload_statuses",
  table: "payload_statuses",
  alias: "s",
  names: {
    service: { table: "services", reference: "service_id" },
    source: { table: "sources", reference: "source_id" },
    status: { table: "statuses", reference: "status_id" },
  },
  conditionOn(column, comparison, value) {
    if (column !== "status_msg") return `s.${column} ${comparison} ${value}`;
    // The index has the hash of texts that are not empty.
    const isSame = `hashtextextended(s.status_msg, 0) = hashtextextended(${value}, 0) AND s.status_msg = ${value}`;
    return `(${isSame} AND s.status_msg <> '')`;
  },
  sorts: {
    request_id: {
      column: "payload_id",
      join: "JOIN payloads AS owner ON owner.id = s.payload_id",
      expression: "owner.request_id",
    },
    status_msg: ownColumn("s", "status_msg"),
    date: ownColumn("s", "date"),
    created_at: ownColumn("s", "created_at"),
  },
  joins: `JOIN payloads AS p ON p.id = s.payload_id ${NAME_JOINS}`,
  columns: `p.id, p.request_id, ${STATUS_COLUMNS}`,
};

function ownColumn(alias: string, column: string): ListSource["sorts"][string] {
  return { column, join: "", expression: `${alias}.${column}` };
}

/** `conditions` are on PAYLOAD_FILTERS and created_at, and the order is one of PAYLOAD_SORTS. @throws DatabaseError. */
export function listPayloads(reads: Reads, request: ListRequest): Promise<List<PayloadRow>> {
  return reads.snapshot((queries) => readList<PayloadRow>(queries, PAYLOADS, request));
}

/** `conditions` are on STATUS_FILTERS, date and created_at, and the order is one of STATUS_SORTS. @throws DatabaseError. */
export function listStatuses(reads: Reads, request: ListRequest): Promise<List<ListedStatus>> {
  return reads.snapshot((queries) => readList<ListedStatus>(queries, STATUSES, request));
}

export interface FoundPayload {
  readonly payload: PayloadRow;
  /** The first ones in the order that was asked for, as far as one answer allows. */
  readonly statuses: readonly StatusRow[];
  readonly statusCount: number;
  readonly spans: PayloadSpans;
}

/** Microseconds between the oldest and the newest date. */
export interface PayloadSpans {
  /** By `service:source`, `undefined` in the place of a source that is none; sorted. */
  readonly byService: readonly (readonly [string, bigint])[];
  /** From the first to the last of all its statuses. */
  readonly all: bigint;
}

export interface PayloadOrder {
  /** One of ONE_PAYLOAD_SORTS. */
  readonly sortBy: string;
  readonly isDescending: boolean;
}

/** `undefined`: there is no such payload. @throws DatabaseError. */
export function findPayload(
  reads: Reads,
  requestId: string,
  { sortBy, isDescending }: PayloadOrder,
): Promise<FoundPayload | undefined> {
  if (!(ONE_PAYLOAD_SORTS as readonly string[]).includes(sortBy))
    throw new TypeError(`no order by ${sortBy}`);
  const direction = isDescending ? "DESC" : "ASC";
  return reads.snapshot(async (queries) => {
    const [payload] = await queries.query<PayloadRow>(
      `SELECT ${PAYLOADS.columns} FROM payloads AS p WHERE p.request_id = $1`,
      [requestId],
    );
    if (payload === undefined) return undefined;
    const statuses = await queries.query<StatusRow>(
      `SELECT ${STATUS_COLUMNS} FROM payload_statuses AS s ${NAME_JOINS} WHERE s.payload_id = $1
       ORDER BY ${sortBy} ${direction}, s.id ${direction} LIMIT ${LIMITS.payloadStatuses}`,
      [payload.id],
    );
    return { payload, statuses, ...(await measureSpans(queries, payload.id)) };
  });
}

interface Span {
  /** `null`: all statuses. */
  readonly part: string | null;
  readonly micros: string;
  readonly count: number;
}

async function measureSpans(
  queries: Queries,
  payloadId: number,
): Promise<Pick<FoundPayload, "spans" | "statusCount">> {
  const rows = await queries.query<Span>(
    `SELECT part, count(*) AS count, (extract(epoch FROM max(date) - min(date)) * 1000000)::bigint::text AS micros
     FROM (
       SELECT services.name || ':' || coalesce(nullif(sources.name, ''), 'undefined') AS part, s.date
       FROM payload_statuses AS s ${NAME_JOINS} WHERE s.payload_id = $1
     ) AS parts
     GROUP BY GROUPING SETS ((part), ()) ORDER BY part`,
    [payloadId],
  );
  const all = rows.find(({ part }) => part === null);
  const byService = rows.flatMap(({ part, micros }) =>
    part === null ? [] : [[part, BigInt(micros)] as const],
  );
  return { spans: { byService, all: BigInt(all?.micros ?? 0) }, statusCount: all?.count ?? 0 };
}
