/** `GET /payloads` and `GET /statuses` on both databases: orders, filters, ranges, pages, counts, and what is refused. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DATABASES, type TestDatabase } from "../../../support/views/databases.ts";
import { requestIdOf } from "../../../support/views/payloads.ts";
import { openTracker, type TrackerFixture } from "../../../support/views/tracker.ts";

const TIME = "2021-08-04T17:53:29.724476-04:00";

/** 12 statuses of 4 payloads; the hour of its date says which one it is. */
const MESSAGES = Array.from({ length: 12 }, (_, number) => ({
  request_id: requestIdOf(number % 4),
  account: `account ${number % 4}`,
  ...(number % 4 === 3 ? {} : { org_id: `org ${number % 2}` }),
  inventory_id: `inventory ${9 - (number % 4)}`,
  service: ["ingress", "puptoo", "advisor"][number % 3],
  ...(number % 2 === 0 ? {} : { source: "inventory" }),
  status: number === 7 ? "error" : "success",
  ...(number === 7 ? { status_msg: "it's broken" } : {}),
  date: `2021-08-04T${String(number).padStart(2, "0")}:00:00.5Z`,
}));

for (const target of DATABASES) {
  describe.skipIf(target.isMissing)(target.name, () => {
    let opened: TestDatabase;
    let fixture: TrackerFixture;
    beforeAll(async () => {
      opened = await target.open();
      fixture = await openTracker(opened.database);
      await fixture.apply(MESSAGES);
    });
    afterAll(async () => {
      await fixture.stop();
      await opened.close();
    });
    suite(() => fixture);
  });
}

function suite(opened: () => TrackerFixture): void {
  test("plain lists: the newest first, with the count of all", async () => {
    const { get } = opened();
    const payloads = await get("/payloads");
    expect(payloads.status).toBe(200);
    expect(payloads.body).toEqual({
      count: 4,
      elapsed: expect.any(Number),
      data: [3, 2, 1, 0].map((number) => ({
        id: expect.any(Number),
        request_id: requestIdOf(number),
        account: `account ${number}`,
        inventory_id: `inventory ${9 - number}`,
        system_id: "",
        created_at: `2021-08-04T0${number}:00:00.5Z`,
        org_id: number === 3 ? "" : `org ${number % 2}`,
      })),
    });
    const statuses = await get("/statuses");
    expect(statuses.body.count).toBe(12);
    expect(statuses.body.data).toHaveLength(10);
    expect(statuses.body.data.slice(0, 2)).toEqual([
      {
        id: String(payloads.body.data[0].id),
        request_id: requestIdOf(3),
        service: "advisor",
        source: "inventory",
        status: "success",
        date: "2021-08-04T11:00:00.5Z",
        created_at: "2022-03-17T17:00:11Z",
      },
      {
        id: String(payloads.body.data[1].id),
        request_id: requestIdOf(2),
        service: "puptoo",
        status: "success",
        date: "2021-08-04T10:00:00.5Z",
        created_at: "2022-03-17T17:00:10Z",
      },
    ]);
  });

  test("every order, both ways, of all rows and of those that a filter finds", async () => {
    const { get } = opened();
    for (const [list, sorts, filter] of [
      [
        "payloads",
        ["account", "org_id", "inventory_id", "system_id", "created_at"],
        "created_at_gt=2000-01-01T00:00:00Z",
      ],
      [
        "statuses",
        ["service", "source", "request_id", "status", "status_msg", "date", "created_at"],
        "date_gt=2000-01-01T00:00:00Z",
      ],
    ] as const) {
      for (const sort of sorts) {
        for (const more of ["", `&${filter}`]) {
          const up = (await get(`/${list}?sort_by=${sort}&sort_dir=asc&page_size=100${more}`)).body;
          const down = (await get(`/${list}?sort_by=${sort}&sort_dir=desc&page_size=100${more}`)).body;
          const values = (up.data as Record<string, string>[]).map((row) => row[sort] ?? "");
          expect(values, `${list} by ${sort}${more}`).toEqual(values.toSorted());
          expect(down.data, `${list} by ${sort}${more}`).toEqual(up.data.toReversed());
          expect(up.count).toBe(up.data.length);
        }
      }
    }
  });

  test("pages follow each other in every order, without a row twice", async () => {
    const { get } = opened();
    for (const sort of ["service", "source", "request_id", "status", "date"]) {
      const rows = [];
      for (const page of [0, 1, 2])
        rows.push(...(await get(`/statuses?sort_by=${sort}&page=${page}&page_size=5`)).body.data);
      expect(rows).toEqual((await get(`/statuses?sort_by=${sort}&page_size=12`)).body.data);
      expect(new Set(rows.map(({ date }) => date)).size).toBe(12);
    }
  });

  test("a page beyond everything is empty, and the count is there all the same", async () => {
    const { get } = opened();
    for (const page of ["2", "999999999", "9".repeat(400)]) {
      expect((await get(`/statuses?page=${page}`)).body).toMatchObject({ count: 12, data: [] });
      expect((await get(`/statuses?status=success&page=${page}`)).body).toMatchObject({
        count: 11,
        data: [],
      });
    }
  });

  test("filters find exactly what they name, alone and together", async () => {
    const { get } = opened();
    const countOf = async (path: string): Promise<number> => {
      const { count, data } = (await get(path)).body;
      expect(data).toHaveLength(Math.min(10, count));
      return count;
    };
    expect(await countOf("/payloads?account=account%202")).toBe(1);
    expect(await countOf("/payloads?org_id=org+0&inventory_id=inventory+9")).toBe(1);
    expect(await countOf("/payloads?system_id=none")).toBe(0);
    expect(await countOf("/statuses?service=ingress")).toBe(4);
    expect(await countOf("/statuses?service=ingress&source=inventory")).toBe(2);
    expect(await countOf("/statuses?status=error")).toBe(1);
    expect(await countOf("/statuses?status_msg=it's broken&status=error")).toBe(1);
    expect(await countOf("/statuses?status=nowhere")).toBe(0);
    expect(await countOf("/statuses?status=")).toBe(12);
  });

  test("a range has its ends, or not", async () => {
    const { get } = opened();
    const five = "2021-08-04T05:00:00.5Z";
    const counts = [];
    for (const suffix of ["lt", "lte", "gt", "gte"])
      counts.push((await get(`/statuses?date_${suffix}=${five}`)).body.count);
    expect(counts).toEqual([5, 6, 6, 7]);
    // The same moment in another zone.
    const there = encodeURIComponent("2021-08-04T07:00:00.5+02:00");
    expect((await get(`/statuses?date_gte=${there}&date_lt=2021-08-04T07:00:00Z`)).body.count).toBe(2);
    expect((await get("/payloads?created_at_lte=2021-08-04T01:00:00.500Z")).body.count).toBe(2);
    expect((await get("/statuses?created_at_gte=2022-03-17T17:00:10Z")).body.count).toBe(2);
  });

  test("each timestamp parameter takes a time with a zone, and no word", async () => {
    const { get } = opened();
    for (const [list, columns] of [
      ["payloads", ["created_at"]],
      ["statuses", ["date", "created_at"]],
    ] as const) {
      for (const column of columns) {
        for (const suffix of ["lt", "lte", "gt", "gte"]) {
          const name = `${column}_${suffix}`;
          expect((await get(`/${list}?${name}=${TIME}`)).status, name).toBe(200);
          for (const word of [
            "nope",
            "2021-08-04T17:53:29",
            "2021-02-30T00:00:00Z",
            "2021-08-04T17:53:29+04:00",
          ]) {
            const { status, body } = await get(`/${list}?${name}=${word}`);
            expect(status, `${name} ${word}`).toBe(400);
            expect(body).toEqual({
              title: "Bad Request",
              message: "invalid timestamp format provided",
              status: 400,
              reason: `${name} takes a time of RFC 3339 with a zone, such as 2021-08-04T17:53:29Z; send the + of a zone as %2B`,
            });
          }
        }
      }
    }
  });

  test.each([
    ["/payloads?sort_dir=ascs", "sort_dir must be one of asc, desc"],
    ["/statuses?sort_dir=ascs", "sort_dir must be one of asc, desc"],
    [
      "/payloads?sort_by=request_id",
      "sort_by must be one of account, org_id, inventory_id, system_id, created_at",
    ],
    [
      "/statuses?sort_by=account",
      "sort_by must be one of service, source, request_id, status, status_msg, date, created_at",
    ],
    ["/payloads?page=abc&page_size=5", "page must be a whole number from 0 on"],
    ["/payloads?page=-1", "page must be a whole number from 0 on"],
    ["/payloads?page_size=0", "page_size must be a whole number from 1 to 1000"],
    ["/payloads?page_size=-5", "page_size must be a whole number from 1 to 1000"],
    ["/statuses?page_size=1001", "page_size must be a whole number from 1 to 1000"],
    ["/statuses?page_size=1e2", "page_size must be a whole number from 1 to 1000"],
    ["/payloads?account=a%00b", "account holds a NUL"],
    ["/payloads?account=1&account=2", 'the parameter "account" was given twice'],
    ["/payloads?page=1&page=1", 'the parameter "page" was given twice'],
    ["/payloads?acount=1", 'unknown parameter "acount"; did you mean account?'],
    ["/payloads?service=1", 'unknown parameter "service"'],
    ["/statuses?account=1", 'unknown parameter "account"'],
    ["/payloads?account=%ff", 'malformed percent-encoding in "account"'],
  ])("%s is refused", async (path, message) => {
    const { get } = opened();
    const { status, body } = await get(path);
    expect(status).toBe(400);
    expect(body).toMatchObject({
      title: "Bad Request",
      message: expect.stringContaining(message),
      status: 400,
    });
  });

  test("SQL in a parameter is a text like any other, or refused", async () => {
    const fixture = opened();
    const evil = encodeURIComponent("x' OR 1=1; DROP TABLE payloads; --");
    for (const name of ["account", "org_id", "inventory_id", "system_id"]) {
      expect((await fixture.get(`/payloads?${name}=${evil}`)).body.count, name).toBe(0);
    }
    for (const name of ["service", "source", "status", "status_msg"]) {
      expect((await fixture.get(`/statuses?${name}=${evil}`)).body.count, name).toBe(0);
    }
    for (const name of ["sort_by", "sort_dir", "page", "page_size", "date_lt", "created_at_gte"]) {
      expect((await fixture.get(`/statuses?${name}=${evil}`)).status, name).toBe(400);
    }
    expect((await fixture.get(`/payloads/${evil}`)).status).toBe(404);
    expect((await fixture.get("/payloads")).body.count).toBe(4);
  });
}
