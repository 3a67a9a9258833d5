/** The payload tracker: statuses into its tables, what its API answers from many of them, and retention beside reads. */
import type { Bench } from "../bench.ts";
import { TRACKER_VIEW } from "../servers/view.ts";
import type { Row, Workload } from "../workload.ts";
import { ON_PGLITE, ON_POSTGRES, publish, reading, runIngest, type ViewLoad } from "./view-loads.ts";

const INGEST_MESSAGES = 100_000;
const MONTH_MS = 30 * 86_400_000;
/** The date of the first status; each further one is a fifth of a second later. */
const FIRST_MS = Date.parse("2026-01-01T00:00:00Z");
const STEP_MS = 200;

const ONE = "GET /payloads/{id}";
const PAYLOADS = "GET /payloads, the slowest of its filters and orders";
const STATUSES = "GET /statuses, the slowest of its filters and orders";
const BEYOND = "a page beyond the total";
const REST = "the slowest of all other pages";
const BESIDE_RETENTION = "GET /payloads/{id} while all rows are deleted";

const LOAD: ViewLoad = { kind: TRACKER_VIEW, topic: "/platform.payload-status", messageOf: statusOf };

export const TRACKER: readonly Workload[] = [
  {
    name: "tracker-ingest",
    title: `payload tracker, ${INGEST_MESSAGES} statuses from the log into its tables`,
    targets: [
      { row: ON_PGLITE, figure: "perSecond", bound: "at least", of: [5000] },
      { row: ON_POSTGRES, figure: "perSecond", bound: "at least", of: [10_000] },
    ],
    run: (bench) => runIngest(bench, LOAD, INGEST_MESSAGES),
  },
  {
    name: "tracker-reads",
    title: "payload tracker on PostgreSQL, reads of a million statuses (--quick: 100,000)",
    targets: [
      { row: ONE, figure: "p50Ms", bound: "at most", of: [5] },
      { row: PAYLOADS, figure: "p50Ms", bound: "at most", of: [50] },
      { row: STATUSES, figure: "p50Ms", bound: "at most", of: [50] },
      { row: BEYOND, figure: "p50Ms", bound: "at most", of: [5] },
      { row: REST, figure: "p50Ms", bound: "at most", of: [1000] },
      { row: BESIDE_RETENTION, figure: "maxMs", bound: "at most", of: [100] },
    ],
    run: runReads,
  },
];

/** Five statuses a payload, of 20 services; one in a hundred is an error, and one in a hundred has a source. */
function statusOf(number: number): string {
  const payload = Math.floor(number / 5);
  const isError = number % 100 === 7;
  return JSON.stringify({
    service: `service${number % 20}`,
    ...(number % 100 === 0 ? { source: "inventory" } : {}),
    account: `account${payload % 300}`,
    org_id: `org${payload % 1000}`,
    request_id: requestIdOf(payload),
    inventory_id: requestIdOf(payload + 1),
    system_id: requestIdOf(payload + 2),
    status: isError ? "error" : ["received", "processing", "success"][number % 3],
    status_msg: isError ? `failed at ${number % 1000}` : "ok",
    date: dateOf(number),
  });
}

/** 32 digits, in no order. */
function requestIdOf(payload: number): string {
  const digits = (Math.imul(payload + 1, 2_654_435_761) >>> 0).toString(16).padStart(8, "0");
  return digits + payload.toString(16).padStart(24, "0");
}

function dateOf(number: number): string {
  return new Date(FIRST_MS + number * STEP_MS).toISOString();
}

async function runReads(bench: Bench): Promise<Row[]> {
  const postgres = await bench.startPostgres();
  if (postgres === undefined) return [];
  const count = bench.options.viewMessages;
  const start = { folder: bench.newPath(), db: postgres.createDatabase("tracker") };
  const tracker = await bench.startView(TRACKER_VIEW, { ...start, behindMs: MONTH_MS });
  await publish(bench, tracker, LOAD, count);
  bench.progress.show("the view applies what is left");
  await tracker.applied(count);
  postgres.vacuum("tracker");
  const rows = await bench.rounds([
    reading(tracker, ONE, [onePayload(count)]),
    reading(tracker, PAYLOADS, payloadPages()),
    reading(tracker, STATUSES, statusPages(count)),
    reading(tracker, BEYOND, ["/payloads?page=999999999", "/statuses?page=999999999"]),
    reading(tracker, REST, otherPages(count)),
  ]);
  await tracker.stop();
  return [...rows, await readBesideRetention(bench, start, count)];
}

function onePayload(count: number): string {
  return `/payloads/${requestIdOf(Math.floor(count / 10))}`;
}

/** Each filter in each order. */
function payloadPages(): string[] {
  const range = `created_at_gt=${dateOf(40_000)}&created_at_lt=${dateOf(85_000)}`;
  const filters = [
    "account=account7",
    "org_id=org7",
    `inventory_id=${requestIdOf(8)}`,
    `system_id=${requestIdOf(9)}`,
    range,
  ];
  return combined("payloads", filters, ["account", "org_id", "inventory_id", "system_id", "created_at"]);
}

/** So are these; with a million statuses each filter but that of a message and that of a service finds 9,000 to 10,000. */
function statusPages(count: number): string[] {
  const ranges = (column: string): string =>
    `${column}_gt=${dateOf(count / 2)}&${column}_lt=${dateOf(count / 2 + 9500)}`;
  const filters = [
    "status=error",
    "source=inventory",
    "status_msg=failed%20at%207",
    "service=service7&status=error",
    ranges("date"),
    `service=service3&date_gt=${dateOf(count * 0.8)}`,
  ];
  return combined("statuses", filters, STATUS_SORTS);
}

const STATUS_SORTS = ["service", "source", "request_id", "status", "status_msg", "date", "created_at"];

function otherPages(count: number): string[] {
  const middle = Math.floor(count / 20);
  const filters = ["", `page=${middle}`, "status=success", `status=success&page=${Math.floor(middle / 3)}`];
  return combined("statuses", filters, STATUS_SORTS);
}

function combined(list: string, filters: readonly string[], sorts: readonly string[]): string[] {
  return sorts.flatMap((sort) => filters.map((filter) => `/${list}?sort_by=${sort}&${filter}`));
}

/** The server comes back with its clock right: all rows are too old. The payload that is read goes last. */
async function readBesideRetention(
  bench: Bench,
  start: { readonly folder: string; readonly db: string },
  count: number,
): Promise<Row> {
  bench.progress.show(BESIDE_RETENTION);
  const startedAtMs = performance.now();
  const tracker = await bench.startView(TRACKER_VIEW, start);
  const one = `/payloads/${requestIdOf(count / 5 - 1)}`;
  let maxMs = 0;
  for (;;) {
    const times = [await tracker.timeOf("/statuses?page_size=1")];
    const { count: left } = JSON.parse(await tracker.ask("/payloads?page_size=1")) as {
      readonly count: number;
    };
    if (left === 0) break;
    times.push(await tracker.timeOf(one, [200, 404]));
    maxMs = Math.max(maxMs, ...times);
  }
  const tookMs = performance.now() - startedAtMs;
  await tracker.stop();
  return { name: BESIDE_RETENTION, samples: [{ maxMs, tookMs }] };
}
