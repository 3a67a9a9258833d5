/** Subscriptions of a batch, and the messages that they deliver. Channels are taken a few at a time, so that memory holds. */
import type { Transaction } from "../index.ts";
import { ChannelSubscriptions, type Report, type Subscription } from "./channel-subscriptions.ts";
import { LIMITS } from "./limits.ts";
import type { TelemetryEvent } from "./telemetry-event.ts";

export interface ChannelWork {
  /** In the order of the log; those that mean nothing to channels are `undefined`. */
  readonly events: readonly (TelemetryEvent | undefined)[];
  /** Where in the batch a client was removed, the last time. */
  readonly removedAt: ReadonlyMap<string, number>;
}

interface Row extends Subscription {
  readonly channelId: string;
}

/** What a batch brings to one channel. */
interface Channel {
  readonly id: string;
  isPublishedTo: boolean;
  subscribeCount: number;
  /** Subscriptions in the table. */
  rowCount: number;
}

export class Deliveries {
  readonly #work: ChannelWork;
  /** Messages that were delivered, by client. */
  readonly outbound: Map<string, number> = new Map();
  readonly #added: Row[] = [];
  readonly fullChannels: Set<string> = new Set();

  constructor(work: ChannelWork) {
    this.#work = work;
  }

  /** Reads subscriptions and counts; writes nothing. */
  async run(transaction: Transaction): Promise<void> {
    const channels = await this.#channels(transaction);
    for (let start = 0, end = 0; start < channels.length; start = end) {
      for (let rows = 0; end < channels.length; end++) {
        rows += channels[end]!.rowCount;
        if (end > start && rows > LIMITS.loadedSubscriptions) break;
      }
      const part = channels.slice(start, end);
      const kept = await loadSubscriptions(transaction, part.filter(needsRows));
      for (const { id } of part) this.#runChannel(id, kept.get(id) ?? new ChannelSubscriptions());
    }
  }

  /** Ended subscriptions go first: new ones of the same subscriber came behind that. */
  async write(transaction: Transaction): Promise<void> {
    await this.#deleteEnded(transaction);
    const added = this.#added;
    if (added.length > 0) {
      await transaction.query(INSERT, [
        added.map(({ subscriberId }) => subscriberId),
        added.map(({ channelId }) => channelId),
        added.map(({ subtopic }) => subtopic),
        added.map(({ clientId }) => clientId),
      ]);
    }
    if (this.outbound.size > 0) {
      await transaction.query(COUNT_OUTBOUND, [[...this.outbound.keys()], [...this.outbound.values()]]);
    }
  }

  async #channels(transaction: Transaction): Promise<readonly Channel[]> {
    const channels = new Map<string, Channel>();
    for (const event of this.#work.events) {
      if (event?.kind !== "publish" && event?.kind !== "subscribe") continue;
      const id = event.to.channelId;
      const channel = channels.get(id) ?? { id, isPublishedTo: false, subscribeCount: 0, rowCount: 0 };
      channels.set(id, channel);
      if (event.kind === "publish") channel.isPublishedTo = true;
      else channel.subscribeCount += 1;
    }
    if (channels.size === 0) return [];
    const counts = await transaction.query<{ id: string; count: number }>(
      `SELECT channel_id AS id, count(*) AS count FROM subscriptions WHERE channel_id = ANY ($1::text[]) GROUP BY 1`,
      [[...channels.keys()]],
    );
    for (const { id, count } of counts) channels.get(id)!.rowCount = count;
    return [...channels.values()];
  }

  #runChannel(channelId: string, subscriptions: ChannelSubscriptions): void {
    const { events } = this.#work;
    for (const [place, event] of events.entries()) {
      if (event === undefined) continue;
      const report: Report = ({ clientId }, messageCount) => this.#deliver(clientId, messageCount, place);
      switch (event.kind) {
        case "publish":
          if (event.to.channelId === channelId) subscriptions.publish(event.to.subtopic);
          break;
        case "subscribe": {
          if (event.to.channelId !== channelId) break;
          if (subscriptions.size >= LIMITS.channelSubscriptions) {
            this.fullChannels.add(channelId);
            break;
          }
          const { subscriberId, clientId, to } = event;
          subscriptions.add({ subscriberId, clientId, subtopic: to.subtopic }, true);
          break;
        }
        case "remove":
          subscriptions.endClient(event.clientId, report);
          break;
        case "unsubscribe": {
          const { subscriberId, from } = event;
          if (from !== undefined && from.channelId !== channelId) break;
          subscriptions.endSubscriber(subscriberId, from?.subtopic, report);
          break;
        }
        case "create":
          break;
      }
    }
    subscriptions.reportAll((subscription, messageCount, isNew) => {
      this.#deliver(subscription.clientId, messageCount, events.length);
      if (isNew) this.#added.push({ ...subscription, channelId });
    });
  }

  /** Messages that came before `place`. A removal of the client takes along what was delivered before it. */
  #deliver(clientId: string, messageCount: number, place: number): void {
    if (messageCount === 0 || (this.#work.removedAt.get(clientId) ?? -1) >= place) return;
    this.outbound.set(clientId, (this.outbound.get(clientId) ?? 0) + messageCount);
  }

  async #deleteEnded(transaction: Transaction): Promise<void> {
    const whole = new Set<string>();
    const one: Row[] = [];
    for (const event of this.#work.events) {
      if (event?.kind !== "unsubscribe") continue;
      const { subscriberId, from } = event;
      if (from === undefined) whole.add(subscriberId);
      else one.push({ subscriberId, clientId: "", ...from });
    }
    const { removedAt } = this.#work;
    if (removedAt.size > 0) {
      await transaction.query("DELETE FROM subscriptions WHERE client_id = ANY ($1::text[])", [
        [...removedAt.keys()],
      ]);
    }
    if (whole.size > 0) {
      await transaction.query("DELETE FROM subscriptions WHERE subscriber_id = ANY ($1::text[])", [
        [...whole],
      ]);
    }
    if (one.length > 0) {
      await transaction.query(DELETE_ONE, [
        one.map(({ subscriberId }) => subscriberId),
        one.map(({ channelId }) => channelId),
        one.map(({ subtopic }) => subtopic),
      ]);
    }
  }
}

/** Nothing has to be known of the others: they deliver nothing, and cannot become too many. */
function needsRows({ isPublishedTo, rowCount, subscribeCount }: Channel): boolean {
  return rowCount > 0 && (isPublishedTo || rowCount + subscribeCount > LIMITS.channelSubscriptions);
}

async function loadSubscriptions(
  transaction: Transaction,
  channels: readonly Channel[],
): Promise<Map<string, ChannelSubscriptions>> {
  const kept = new Map(channels.map(({ id }) => [id, new ChannelSubscriptions()]));
  if (kept.size === 0) return kept;
  const rows = await transaction.query<Row>(LOAD, [[...kept.keys()]]);
  for (const row of rows) kept.get(row.channelId)?.add(row, false);
  return kept;
}

const LOAD = `
SELECT channel_id AS "channelId", subscriber_id AS "subscriberId", client_id AS "clientId", subtopic
FROM subscriptions WHERE channel_id = ANY ($1::text[])`;
const INSERT = `
INSERT INTO subscriptions (subscriber_id, channel_id, subtopic, client_id)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[])`;
const DELETE_ONE = `
DELETE FROM subscriptions AS kept
USING unnest($1::text[], $2::text[], $3::text[]) AS ended (subscriber_id, channel_id, subtopic)
WHERE kept.subscriber_id = ended.subscriber_id AND kept.channel_id = ended.channel_id
  AND kept.subtopic = ended.subtopic`;
const COUNT_OUTBOUND = `
UPDATE clients_telemetry AS kept SET outbound_messages = outbound_messages + given.count
FROM unnest($1::text[], $2::bigint[]) AS given (client_id, count) WHERE kept.client_id = given.client_id`;
