/** How many messages each client sent and got in each hour, by the log's time. Telemetry itself has their sums alone. */
import { HOUR_MS } from "../../index.ts";
import type { Reads, Transaction } from "../index.ts";
import { LIMITS } from "./limits.ts";

/** The hour of an instant, which is in ms since 1970; counted from then. */
export function hourOf(timestampMs: number): number {
  return Math.floor(timestampMs / HOUR_MS);
}

/** Messages by client. */
type Counts = ReadonlyMap<string, number>;

/** Adds what clients sent and got within `hour`. */
export async function addToHour(
  transaction: Transaction,
  hour: number,
  inbound: Counts,
  outbound: Counts,
): Promise<void> {
  const ids = [...new Set([...inbound.keys(), ...outbound.keys()])];
  if (ids.length === 0) return;
  const countsOf = (counts: Counts): number[] => ids.map((id) => counts.get(id) ?? 0);
  await transaction.query(ADD, [hour, ids, countsOf(inbound), countsOf(outbound)]);
}

export async function deleteHoursOf(transaction: Transaction, clientIds: readonly string[]): Promise<void> {
  await transaction.query("DELETE FROM client_hours WHERE client_id = ANY ($1::text[])", [clientIds]);
}

/** As Retention.deleteChunk has it: hours that ended before `beforeMs`. */
export async function deleteOldHours(
  transaction: Transaction,
  beforeMs: number,
  limit: number,
): Promise<number> {
  const [row] = await transaction.query<{ deleted: number }>(DELETE_OLD, [hourOf(beforeMs), limit]);
  return row?.deleted ?? 0;
}

export interface ClientHour {
  /** RFC 3339 in UTC. */
  readonly start: string;
  readonly inboundMessages: number;
  readonly outboundMessages: number;
}

export interface HoursRequest {
  readonly clientId: string;
  readonly domainId: string;
  /** Seconds since 1970: the hours of both are included; `undefined`: no bound. */
  readonly from: number | undefined;
  readonly to: number | undefined;
}

/**
 * The hours in which the client sent or got messages, the oldest first; the latest ones where there are too many.
 * `undefined`: nothing is known of the client in this domain. @throws DatabaseError.
 */
export async function findHours(reads: Reads, request: HoursRequest): Promise<ClientHour[] | undefined> {
  const { clientId, domainId, from, to } = request;
  const hourAt = (seconds: number | undefined, otherwise: number): number =>
    seconds === undefined ? otherwise : Math.max(FIRST_HOUR, Math.min(hourOf(seconds * 1000), LAST_HOUR));
  const parameters = [clientId, domainId, hourAt(from, FIRST_HOUR), hourAt(to, LAST_HOUR)];
  const rows = await reads.query<ClientHourRow>(FIND, parameters);
  if (rows.length === 0) return undefined;
  return rows.flatMap(({ hour, inbound, outbound }) =>
    hour === null ? [] : { start: startOf(hour), inboundMessages: inbound, outboundMessages: outbound },
  );
}

function startOf(hour: number): string {
  return new Date(hour * HOUR_MS).toISOString().replace(".000Z", "Z");
}

/** A client without hours has one row. */
interface ClientHourRow {
  readonly hour: number | null;
  readonly inbound: number;
  readonly outbound: number;
}

/** What SQL's int holds. */
const LAST_HOUR = 2 ** 31 - 1;
const FIRST_HOUR = -LAST_HOUR;

const ADD = `
INSERT INTO client_hours AS kept (client_id, hour, inbound_messages, outbound_messages)
SELECT id, $1::int, inbound, outbound FROM unnest($2::text[], $3::bigint[], $4::bigint[]) AS given (id, inbound, outbound)
ON CONFLICT (client_id, hour) DO UPDATE SET inbound_messages = kept.inbound_messages + excluded.inbound_messages,
  outbound_messages = kept.outbound_messages + excluded.outbound_messages`;
const DELETE_OLD = `
WITH gone AS (
  DELETE FROM client_hours WHERE (client_id, hour) IN (
    SELECT client_id, hour FROM client_hours WHERE hour < $1::int ORDER BY hour LIMIT $2)
  RETURNING hour
)
SELECT count(*) AS deleted FROM gone`;
const FIND = `
SELECT latest.hour, latest.inbound_messages AS inbound, latest.outbound_messages AS outbound
FROM clients_telemetry AS client LEFT JOIN LATERAL (
  SELECT hour, inbound_messages, outbound_messages FROM client_hours
  WHERE client_id = client.client_id AND hour BETWEEN $3::int AND $4::int ORDER BY hour DESC LIMIT ${LIMITS.hours}
) AS latest ON true
WHERE client.client_id = $1 AND client.domain_id = $2 ORDER BY hour`;
