/**
 * What a batch makes of clients' telemetry: rows of clients first, in the order of the events; then deliveries and
 * subscriptions, channel by channel, since channels know nothing of each other.
 */
import type { Transaction } from "../index.ts";
import { addToHour, deleteHoursOf } from "./client-hours.ts";
import { Deliveries } from "./deliveries.ts";
import type { TelemetryEvent } from "./telemetry-event.ts";

/** What did not count, for the log and the metrics. */
export interface TelemetryNotes {
  /** How often, by why. */
  readonly uncounted: ReadonlyMap<string, number>;
  /** Channels that have as many subscriptions as they may. */
  readonly fullChannels: ReadonlySet<string>;
}

interface ClientRow {
  domainId: string;
  inbound: number;
  firstSeen: number;
  lastSeen: number;
}

/** Events of one hour, in the order of the log. */
export async function applyTelemetry(
  transaction: Transaction,
  hour: number,
  events: readonly TelemetryEvent[],
): Promise<TelemetryNotes> {
  const clients = await ClientRows.load(transaction, events);
  const deliveries = new Deliveries({ events: clients.run(events), removedAt: clients.removedAt });
  await deliveries.run(transaction);
  await clients.write(transaction);
  await deliveries.write(transaction);
  await addToHour(transaction, hour, clients.published, deliveries.outbound);
  return { uncounted: clients.uncounted, fullChannels: deliveries.fullChannels };
}

class ClientRows {
  readonly #rows: Map<string, ClientRow>;
  readonly #changed = new Set<string>();
  /** Where in the batch a client was removed, the last time. */
  readonly removedAt = new Map<string, number>();
  /** Messages of these events, by the client that is known at their end. */
  readonly published = new Map<string, number>();
  readonly uncounted = new Map<string, number>();

  private constructor(rows: Map<string, ClientRow>) {
    this.#rows = rows;
  }

  static async load(transaction: Transaction, events: readonly TelemetryEvent[]): Promise<ClientRows> {
    const ids = new Set(events.flatMap((event) => (event.kind === "unsubscribe" ? [] : [event.clientId])));
    const rows = await transaction.query<ClientRow & { clientId: string }>(LOAD, [[...ids]]);
    return new ClientRows(new Map(rows.map((row) => [row.clientId, row])));
  }

  /** Gives the events that the channels have to know of, each at its place; the others are `undefined`. */
  run(events: readonly TelemetryEvent[]): (TelemetryEvent | undefined)[] {
    return events.map((event, place) => (this.#meansToChannels(event, place) ? event : undefined));
  }

  async write(transaction: Transaction): Promise<void> {
    if (this.removedAt.size > 0) {
      const removed = [...this.removedAt.keys()];
      await transaction.query("DELETE FROM clients_telemetry WHERE client_id = ANY ($1::text[])", [removed]);
      await deleteHoursOf(transaction, removed);
    }
    const changed = [...this.#changed].flatMap((id) => {
      const row = this.#rows.get(id);
      return row === undefined ? [] : [{ id, ...row }];
    });
    if (changed.length === 0) return;
    await transaction.query(UPSERT, [
      changed.map(({ id }) => id),
      changed.map(({ domainId }) => domainId),
      changed.map(({ inbound }) => inbound),
      changed.map(({ firstSeen }) => firstSeen),
      changed.map(({ lastSeen }) => lastSeen),
    ]);
  }

  #meansToChannels(event: TelemetryEvent, place: number): boolean {
    if (event.kind === "unsubscribe") return true;
    const row = this.#rows.get(event.clientId);
    switch (event.kind) {
      case "create":
        this.#create(event, row);
        return false;
      case "remove":
        if (row?.domainId !== event.domainId)
          return this.#note("client.remove: there is no such client there");
        this.#rows.delete(event.clientId);
        this.#changed.delete(event.clientId);
        this.published.delete(event.clientId);
        this.removedAt.set(event.clientId, place);
        return true;
      case "publish":
        if (event.clientId !== "") this.#publish(event, row);
        return true;
      case "subscribe":
        return row !== undefined || this.#note("a subscription of a client that is not known");
    }
  }

  #create(
    { clientId, domainId, createdAt }: TelemetryEvent & { kind: "create" },
    row: ClientRow | undefined,
  ): void {
    this.#changed.add(clientId);
    this.#rows.set(clientId, {
      domainId,
      inbound: row?.inbound ?? 0,
      firstSeen: Math.min(row?.firstSeen ?? createdAt, createdAt),
      lastSeen: Math.max(row?.lastSeen ?? createdAt, createdAt),
    });
  }

  #publish(
    { clientId, domainId, occurredAt }: TelemetryEvent & { kind: "publish" },
    row: ClientRow | undefined,
  ): void {
    this.#changed.add(clientId);
    this.published.set(clientId, (this.published.get(clientId) ?? 0) + 1);
    this.#rows.set(clientId, {
      domainId: row?.domainId ?? domainId,
      inbound: (row?.inbound ?? 0) + 1,
      firstSeen: row?.firstSeen ?? occurredAt,
      lastSeen: Math.max(row?.lastSeen ?? occurredAt, occurredAt),
    });
  }

  #note(why: string): false {
    this.uncounted.set(why, (this.uncounted.get(why) ?? 0) + 1);
    return false;
  }
}

const MICROS = (column: string): string => `(extract(epoch FROM ${column}) * 1000000)::bigint`;
const LOAD = `
SELECT client_id AS "clientId", domain_id AS "domainId", inbound_messages AS inbound,
  ${MICROS("first_seen")} AS "firstSeen", ${MICROS("last_seen")} AS "lastSeen"
FROM clients_telemetry WHERE client_id = ANY ($1::text[])`;
/** Outbound messages are not touched; a client that was removed and came back has no row any more. */
const UPSERT = `
INSERT INTO clients_telemetry AS kept (client_id, domain_id, inbound_messages, first_seen, last_seen)
SELECT id, domain_id, inbound, 'epoch'::timestamptz + first_seen * interval '1 microsecond',
  'epoch'::timestamptz + last_seen * interval '1 microsecond'
FROM unnest($1::text[], $2::text[], $3::bigint[], $4::float8[], $5::float8[])
  AS given (id, domain_id, inbound, first_seen, last_seen)
ON CONFLICT (client_id) DO UPDATE SET domain_id = excluded.domain_id, inbound_messages = excluded.inbound_messages,
  first_seen = excluded.first_seen, last_seen = excluded.last_seen`;
