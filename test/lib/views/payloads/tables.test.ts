/** What batches make of the tables, on both databases: upserts, names, counts, retention. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { Row } from "../../../../lib/views/index.ts";
import { DATABASES, type TestDatabase } from "../../../support/views/databases.ts";
import {
  createTestPayloadsView,
  FIRST_MS,
  openPayloads,
  type PayloadsFixture,
  requestIdOf,
  TOPIC_ID,
} from "../../../support/views/payloads.ts";

const ID = "e4b3d38f199f4abdb1cfbcf6e3b81f56";
const DATE = "2022-03-17T16:56:10Z";
const MINIMAL = { service: "puptoo", request_id: ID, status: "received", date: DATE };
const OLD = {
  account: "old account",
  org_id: "old org",
  inventory_id: "old inventory",
  system_id: "old system",
};

for (const target of DATABASES) {
  describe.skipIf(target.isMissing)(target.name, () => {
    let opened: TestDatabase;
    beforeAll(async () => {
      opened = await target.open();
    });
    afterEach(() => opened.clear());
    afterAll(() => opened.close());
    suite(() => openPayloads(opened.database));
  });
}

function suite(open: () => Promise<PayloadsFixture>): void {
  const payloadRow = async ({ reads }: PayloadsFixture): Promise<Row | undefined> =>
    (await reads.query("SELECT account, org_id, inventory_id, system_id, created_at FROM payloads"))[0];
  const count = async ({ reads }: PayloadsFixture, table: string): Promise<number> =>
    (await reads.query<{ n: number }>(`SELECT count(*) AS n FROM ${table}`))[0]?.n ?? 0;
  const totals = async ({ reads }: PayloadsFixture): Promise<Row | undefined> =>
    (await reads.query("SELECT payloads, payload_statuses FROM totals"))[0];

  test("a full message is one row whose fields equal the message's", async () => {
    const fixture = await open();
    const message = {
      service: "puptoo",
      source: "inventory",
      account: "010101",
      org_id: "123456",
      request_id: ID,
      inventory_id: "c6cc4bb5-7d4c-4ef5-ab7a-8b1b6a2f6a5c",
      system_id: "1e9cb2a2-6a5b-4c0a-8b24-6bdee9b6a6ee",
      status: "success",
      status_msg: 'it\'s "done"; DROP TABLE payloads -- {1,2} \\ NULL',
      date: "2022-03-17T16:56:10.123456+02:00",
    };
    await fixture.apply([message]);
    const rows = await fixture.reads.query(
      `SELECT services.name AS service, sources.name AS source, account, org_id, request_id, inventory_id, system_id,
         statuses.name AS status, status_msg, date, payload_statuses.created_at AS logged, log_offset, topics.name AS topic
       FROM payload_statuses JOIN payloads ON payloads.id = payload_id JOIN services ON services.id = service_id
       JOIN sources ON sources.id = source_id JOIN statuses ON statuses.id = status_id
       JOIN topics ON topics.id = topic_id`,
    );
    expect(rows).toEqual([
      {
        ...message,
        date: "2022-03-17 14:56:10.123456+00",
        logged: "2022-03-17 17:00:00+00",
        log_offset: 0,
        topic: TOPIC_ID,
      },
    ]);
  });

  describe("an upsert", () => {
    test("a new account and org_id replace the old ones", async () => {
      const fixture = await open();
      await fixture.apply([{ ...MINIMAL, ...OLD }]);
      await fixture.apply([{ ...MINIMAL, account: "new account", org_id: "new org" }]);
      expect(await payloadRow(fixture)).toMatchObject({ ...OLD, account: "new account", org_id: "new org" });
    });

    test("an empty account and org_id keep the old ones", async () => {
      const fixture = await open();
      await fixture.apply([{ ...MINIMAL, ...OLD }]);
      await fixture.apply([{ ...MINIMAL, account: "", org_id: "", inventory_id: "i", system_id: "s" }]);
      expect(await payloadRow(fixture)).toMatchObject({ ...OLD, inventory_id: "i", system_id: "s" });
    });

    test("an empty inventory_id and system_id keep the old ones", async () => {
      const fixture = await open();
      await fixture.apply([{ ...MINIMAL, ...OLD }]);
      await fixture.apply([{ ...MINIMAL, account: "a", org_id: "o", inventory_id: "", system_id: "" }]);
      expect(await payloadRow(fixture)).toMatchObject({ ...OLD, account: "a", org_id: "o" });
    });

    test("with all of them empty nothing changes", async () => {
      const fixture = await open();
      await fixture.apply([{ ...MINIMAL, ...OLD }]);
      await fixture.apply([{ ...MINIMAL, account: "", org_id: "", inventory_id: "", system_id: "" }]);
      expect(await payloadRow(fixture)).toMatchObject(OLD);
    });

    test("within one batch the last text that is given wins", async () => {
      const fixture = await open();
      const accounts = ["first", "second", ""];
      await fixture.apply(accounts.map((account) => ({ ...MINIMAL, account })));
      expect(await payloadRow(fixture)).toMatchObject({ account: "second" });
      expect(await totals(fixture)).toEqual({ payloads: 1, payload_statuses: 3 });
    });

    test("created_at is the least date, whichever message came first", async () => {
      const fixture = await open();
      const dates = [
        "2022-03-17T16:56:10+00:00",
        "2022-03-17T16:56:09.5-00:30",
        "2022-03-17T18:56:09.000001+02:00",
      ];
      await fixture.apply(dates.slice(0, 2).map((date) => ({ ...MINIMAL, date })));
      expect(await payloadRow(fixture)).toMatchObject({ created_at: "2022-03-17 16:56:10+00" });
      await fixture.apply(dates.slice(2).map((date) => ({ ...MINIMAL, date })));
      expect(await payloadRow(fixture)).toMatchObject({ created_at: "2022-03-17 16:56:09.000001+00" });
    });
  });

  test("the second look-up of a name does not hit the store", async () => {
    const fixture = await open();
    const asked: string[] = [];
    const { view, reads } = fixture;
    const applying = { ...fixture, view };
    await applying.apply([MINIMAL]);
    const before = await reads.query("SELECT last_value FROM services_id_seq");
    const item = { topic: "platform.payload-status", topicId: TOPIC_ID, offset: 1, timestampMs: FIRST_MS };
    const decoded = view.decode({
      ...item,
      payload: Buffer.from(JSON.stringify(MINIMAL)),
      key: undefined,
      contentType: undefined,
      headers: {},
    });
    const transaction = {
      query: async <Result extends object>(sql: string): Promise<Result[]> => {
        asked.push(sql);
        return [{ written: 1, added: 1 }] as Result[];
      },
      afterCommit: () => {},
    };
    await view.apply(transaction, [{ ...item, item: decoded as never }]);
    expect(asked.filter((sql) => /INSERT INTO (services|sources|statuses|topics)/.test(sql))).toEqual([]);
    expect(await reads.query("SELECT last_value FROM services_id_seq")).toEqual(before);
  });

  test("names that another writer took away are made again, and no status is lost", async () => {
    const fixture = await open();
    await fixture.apply([MINIMAL, { ...MINIMAL, service: "other", status: "success", source: "s" }]);
    const other = await open();
    expect(await other.deleteBefore(FIRST_MS + 60_000)).toBe(2);
    expect(await count(fixture, "services")).toBe(0);
    await fixture.apply([MINIMAL, { ...MINIMAL, service: "new" }]);
    expect(await totals(fixture)).toEqual({ payloads: 1, payload_statuses: 2 });
    expect(await count(fixture, "payload_statuses")).toBe(2);
  });

  test("a message at an offset that a power cut took back takes the place of the lost one", async () => {
    const fixture = await open();
    await fixture.apply([MINIMAL]);
    const again = await open();
    await again.apply([{ ...MINIMAL, status: "error" }]);
    expect(await totals(fixture)).toEqual({ payloads: 1, payload_statuses: 1 });
    expect(
      await fixture.reads.query("SELECT name FROM payload_statuses JOIN statuses ON statuses.id = status_id"),
    ).toEqual([{ name: "error" }]);
  });

  describe("retention", () => {
    test("takes statuses by the log's time, and payloads and names with their last status", async () => {
      const fixture = await open();
      const later = { ...MINIMAL, request_id: requestIdOf(1), service: "late", status: "success" };
      // Dates that services write do not count.
      await fixture.apply([
        { ...MINIMAL, date: "2030-01-01T00:00:00Z" },
        MINIMAL,
        { ...later, date: "2001-01-01T00:00:00Z" },
      ]);
      await fixture.apply([MINIMAL]);
      expect(await fixture.deleteBefore(FIRST_MS + 2000)).toBe(2);
      expect(await totals(fixture)).toEqual({ payloads: 2, payload_statuses: 2 });
      expect(await fixture.deleteBefore(FIRST_MS + 3000)).toBe(1);
      expect(await totals(fixture)).toEqual({ payloads: 1, payload_statuses: 1 });
      expect(await fixture.reads.query("SELECT name FROM services")).toEqual([{ name: "puptoo" }]);
      expect(await fixture.reads.query("SELECT name FROM statuses")).toEqual([{ name: "received" }]);
      expect(await fixture.reads.query("SELECT request_id FROM payloads")).toEqual([{ request_id: ID }]);
    });

    test("goes in chunks of the size that is asked for", async () => {
      const fixture = await open();
      await fixture.apply(Array.from({ length: 25 }, () => MINIMAL));
      expect(await fixture.deleteBefore(FIRST_MS + 24_000, 10)).toBe(24);
      expect(await totals(fixture)).toEqual({ payloads: 1, payload_statuses: 1 });
    });

    test("with 0 days rows stay for good", async () => {
      expect(createTestPayloadsView({ retentionDays: 0 }).retention).toBeUndefined();
      expect(createTestPayloadsView().retention?.ageMs).toBe(7 * 86_400_000);
    });
  });

  test("says how many rows a rebuild would lose", async () => {
    const fixture = await open();
    await fixture.apply(Array.from({ length: 5 }, () => MINIMAL));
    const { view, reads } = fixture;
    expect(await view.countLost(reads, [{ topicId: TOPIC_ID, start: 0 }])).toBe(0);
    expect(await view.countLost(reads, [{ topicId: TOPIC_ID, start: 3 }])).toBe(3);
    expect(await view.countLost(reads, [{ topicId: "another", start: 0 }])).toBe(5);
    expect(await view.countLost(reads, [])).toBe(5);
    expect(await view.countRows(reads)).toBe(5);
  });
}
