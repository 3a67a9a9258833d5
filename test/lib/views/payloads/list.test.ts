/** Pages of lists that are too long to be collected, beside those that are not: they agree with a plain ORDER BY. */
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Reads } from "../../../../lib/views/index.ts";
import { type Condition, listStatuses, STATUS_SORTS } from "../../../../lib/views/payloads/index.ts";
import { DATABASES, type TestDatabase } from "../../../support/views/databases.ts";
import { openPayloads } from "../../../support/views/payloads.ts";

/** More than are collected. */
const ROWS = 20_500;
const FILL = [
  "INSERT INTO services (name) SELECT 'service ' || n FROM generate_series(1, 7) AS n",
  "INSERT INTO sources (name) VALUES (''), ('inventory')",
  "INSERT INTO statuses (name) VALUES ('received'), ('success'), ('error')",
  `INSERT INTO payloads (request_id, account, org_id, inventory_id, system_id, created_at)
   SELECT md5(n::text), '', '', '', '', timestamptz '2026-01-01' FROM generate_series(1, 100) AS n`,
  `INSERT INTO payload_statuses
     (payload_id, log_offset, date, created_at, topic_id, service_id, source_id, status_id, status_msg)
   SELECT 1 + n % 100, n, timestamptz '2026-01-01' + n * interval '1 s', timestamptz '2026-01-02' - n * interval '1 s',
     1, 1 + n * 31 % 7, 1 + n % 2, CASE WHEN n % 1000 = 7 THEN 3 ELSE 1 + n % 2 END, 'message ' || n % 13
   FROM generate_series(1, ${ROWS}) AS n`,
  `UPDATE totals SET payload_statuses = ${ROWS}`,
];

let opened: TestDatabase;
let reads: Reads;
beforeAll(async () => {
  opened = await (DATABASES[0] as (typeof DATABASES)[number]).open();
  ({ reads } = await openPayloads(opened.database));
  const writer = await opened.database.openWriter("payloads");
  await writer?.transaction(async (transaction) => {
    for (const sql of FILL) await transaction.query(sql);
  });
  await writer?.close();
});
afterAll(() => opened.close());

const LATE: Condition = { column: "date", comparison: ">", value: "2026-01-01T00:01:00Z" };
const FILTERS: readonly (readonly [name: string, conditions: readonly Condition[], where: string])[] = [
  ["all rows", [], "true"],
  ["very many rows", [LATE], "date > '2026-01-01T00:01:00Z'"],
  [
    "few rows",
    [LATE, { column: "status", comparison: "=", value: "error" }],
    "date > '2026-01-01T00:01:00Z' AND statuses.name = 'error'",
  ],
];
const ORDERS = {
  service: "services.name",
  source: "sources.name",
  request_id: "request_id",
  status: "statuses.name",
  status_msg: "status_msg",
  date: "date",
  created_at: "s.created_at",
} satisfies Record<(typeof STATUS_SORTS)[number], string>;

test.each(FILTERS)("pages of %s are those of a plain ORDER BY", async (_name, conditions, where) => {
  const from = `FROM payload_statuses AS s JOIN payloads ON payloads.id = s.payload_id
    JOIN services ON services.id = service_id JOIN sources ON sources.id = source_id
    JOIN statuses ON statuses.id = status_id WHERE ${where}`;
  const [counted] = await reads.query<{ count: number }>(`SELECT count(*) AS count ${from}`);
  const count = counted?.count ?? 0;
  const offsets = [0, Math.floor(count / 2), count - 3, count];
  for (const sortBy of STATUS_SORTS) {
    for (const isDescending of [true, false]) {
      const way = isDescending ? "DESC" : "ASC";
      const rows = await reads.query<{ date: string; place: number }>(
        `SELECT date, place FROM (
           SELECT date, row_number() OVER (ORDER BY ${ORDERS[sortBy]} ${way}, s.id ${way}) - 1 AS place ${from}
         ) AS ordered
         WHERE ${offsets.map((offset) => `place BETWEEN ${offset} AND ${offset + 4}`).join(" OR ")} ORDER BY place`,
      );
      for (const offset of offsets) {
        const list = await listStatuses(reads, { conditions, sortBy, isDescending, offset, limit: 5 });
        const expected = rows.filter(({ place }) => place >= offset && place < offset + 5);
        expect(list.count).toBe(count);
        expect(
          list.items.map(({ date }) => date),
          `${sortBy} ${way} from ${offset}`,
        ).toEqual(expected.map(({ date }) => date));
      }
    }
  }
});
