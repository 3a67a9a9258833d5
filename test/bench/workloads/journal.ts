/** The journal: mixed events into its tables and its telemetry, and what it answers from many of them. */
import type { Bench } from "../bench.ts";
import { JOURNAL_VIEW } from "../servers/view.ts";
import type { Row, Workload } from "../workload.ts";
import { ON_PGLITE, ON_POSTGRES, publish, reading, runIngest, type ViewLoad } from "./view-loads.ts";

const INGEST_MESSAGES = 100_000;
/** Events of each client that is read. */
const ROWS_EACH = 1000;
const FIRST_MS = Date.parse("2026-01-01T00:00:00Z");
const CHANNELS = 100;
const DOMAINS = 10;

const PAGE = "a page of a client with 1,000 rows, the slowest of its filters and orders";
const TELEMETRY = "the telemetry of a client";

export const JOURNAL: readonly Workload[] = [
  {
    name: "journal-ingest",
    title: `journal, ${INGEST_MESSAGES} mixed events from the log into its tables`,
    targets: [
      { row: ON_PGLITE, figure: "perSecond", bound: "at least", of: [3000] },
      { row: ON_POSTGRES, figure: "perSecond", bound: "at least", of: [8000] },
    ],
    run: (bench) => runIngest(bench, loadOf(mixedEvent), INGEST_MESSAGES),
  },
  {
    name: "journal-reads",
    title: "journal on PostgreSQL, reads of a million events (--quick: 100,000)",
    targets: [
      { row: PAGE, figure: "p50Ms", bound: "at most", of: [10] },
      { row: TELEMETRY, figure: "p50Ms", bound: "at most", of: [10] },
    ],
    run: runReads,
  },
];

function loadOf(messageOf: (number: number) => string): ViewLoad {
  return { kind: JOURNAL_VIEW, topic: "/events", messageOf };
}

/** Ten events of each of 1,000 clients in turn: half of them are messages, and most of these match a subscription. */
function mixedEvent(number: number): string {
  const turn = Math.floor(number / 10);
  const client = idOf("client", turn % 1000);
  const channel = idOf("channel", turn % CHANNELS);
  const domain = idOf("domain", turn % DOMAINS);
  const actor = { user_id: idOf("user", number % 500), token_type: "access", super_admin: false };
  switch (number % 10) {
    case 0:
      return event(number, "client.create", { id: client, domain, ...actor, metadata: { place: number } });
    case 1: {
      const topic = `m/${domain}/c/${channel}/room/+`;
      const subscriber_id = `subscriber ${turn % 3000}`;
      return event(number, "messaging.client_subscribe", { subscriber_id, client_id: client, topic });
    }
    case 2:
      return event(number, "user.view", { id: actor.user_id, ...actor });
    case 3:
      return event(number, "channel.connect", {
        client_ids: [client],
        channel_ids: [channel],
        domain,
        ...actor,
      });
    case 4: {
      const subscriber_id = `subscriber ${(turn * 7) % 3000}`;
      return event(number, "mqtt.client_disconnect", { subscriber_id, client_id: client, instance: "1" });
    }
    default:
      return event(number, "messaging.client_publish", {
        client_id: client,
        channel_id: channel,
        domain_id: domain,
        subtopic: `room.t${number % 5}`,
      });
  }
}

const CLIENT_OPERATIONS = ["client.update", "client.view", "client.enable", "client.disable"] as const;

/** Events of so many clients, in turn. */
function clientEvent(clients: number): (number: number) => string {
  return (number) => {
    const client = number % clients;
    const operation = CLIENT_OPERATIONS[Math.floor(number / clients) % CLIENT_OPERATIONS.length];
    return event(number, operation ?? "", {
      ...clientOf(client),
      user_id: idOf("user", number % 500),
      name: `client ${client}`,
      tags: ["one", "two"],
      metadata: { place: number },
    });
  };
}

/** A second apart. */
function event(number: number, operation: string, attributes: object): string {
  const fields = JSON.stringify({ operation, ...attributes });
  return `${fields.slice(0, -1)},"occurred_at":${FIRST_MS + number * 1000}000001}`;
}

function idOf(kind: string, number: number): string {
  return `${kind}-9d3e2f4b7c1d5e61-${String(number).padStart(8, "0")}`;
}

async function runReads(bench: Bench): Promise<Row[]> {
  const postgres = await bench.startPostgres();
  if (postgres === undefined) return [];
  const count = bench.options.viewMessages;
  const clients = count / ROWS_EACH;
  const view = await bench.startView(JOURNAL_VIEW, {
    folder: bench.newPath(),
    db: postgres.createDatabase("journal"),
  });
  const eventOf = clientEvent(clients);
  const created = (number: number): string =>
    number < clients ? event(number, "client.create", clientOf(number)) : eventOf(number);
  await publish(bench, view, loadOf(created), count);
  bench.progress.show("the view applies what is left");
  await view.applied(count);
  postgres.vacuum("journal");
  const { id, domain } = clientOf(7);
  return await bench.rounds([
    reading(view, PAGE, pagesOf(`/${domain}/journal/client/${id}`, count)),
    reading(view, TELEMETRY, [`/${domain}/journal/client/${id}/telemetry`]),
  ]);
}

function clientOf(number: number): { readonly id: string; readonly domain: string } {
  return { id: idOf("client", number), domain: idOf("domain", number % DOMAINS) };
}

function pagesOf(path: string, count: number): string[] {
  const middle = Math.floor(FIRST_MS / 1000) + count / 2;
  const filters = [
    "",
    "limit=100&with_attributes=true&with_metadata=true",
    "limit=100&offset=900",
    "offset=100000",
    "operation=client.view",
    `from=${middle}&to=${middle + count / 10}`,
  ];
  return ["asc", "desc"].flatMap((dir) => filters.map((filter) => `${path}?dir=${dir}&${filter}`));
}
