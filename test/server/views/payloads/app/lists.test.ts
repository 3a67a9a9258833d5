/** What the URL of a list says, what the API is asked for it, and what is saved of it. */
import { describe, expect, it } from "vitest";
import { csvOf } from "../../../../../server/views/payloads/app/csv.ts";
import {
  RangeHistory,
  rangeChange,
  rangeIn,
  rangeParameters,
} from "../../../../../server/views/payloads/app/date-range.ts";
import { PAYLOADS, STATUSES } from "../../../../../server/views/payloads/app/list-form.ts";
import {
  apiParameters,
  columnsChange,
  readListQuery,
} from "../../../../../server/views/payloads/app/list-query.ts";
import { linkTo, parseRoute } from "../../../../../server/views/payloads/app/route.ts";

const NOW_MS = Date.parse("2026-11-29T12:00:00Z");

describe("routes", () => {
  it.each(["#/payloads", "#/statuses?service=a%26b&page=2", "#/track?request_id=%23%2F"])(
    "reads %s as it writes it",
    (hash) => {
      const { page, query } = parseRoute(hash);
      expect(linkTo(page, query)).toBe(hash);
    },
  );

  it("shows the payloads for what is no page", () => {
    for (const hash of ["", "#", "#/", "#/nowhere", "#/toString"])
      expect(parseRoute(hash).page).toBe("payloads");
  });
});

describe("a list's URL", () => {
  it("without anything is its newest page of the last 15 minutes", () => {
    expect(apiParameters(readListQuery({}, STATUSES), NOW_MS)).toEqual({
      page: "0",
      page_size: "10",
      sort_by: "date",
      sort_dir: "desc",
      date_gte: "2026-11-29T11:45:00.000Z",
    });
  });

  it("counts pages from 1, and the API from 0", () => {
    expect(apiParameters(readListQuery({ page: "3", page_size: "50" }, PAYLOADS), NOW_MS)).toMatchObject({
      page: "2",
      page_size: "50",
    });
    for (const page of ["0", "-1", "x", "1.5", ""]) expect(readListQuery({ page }, PAYLOADS).page).toBe(1);
    expect(readListQuery({ page_size: "7" }, PAYLOADS).pageSize).toBe(10);
  });

  it("has the filters that the list knows, and no others", () => {
    const { filters } = readListQuery({ account: "1", service: "puptoo", system_id: "" }, PAYLOADS);
    expect(filters).toEqual({ account: "1" });
  });

  it("names columns where they are not the usual ones; the first always stays", () => {
    expect(readListQuery({}, PAYLOADS).columns).not.toContain("org_id");
    expect(readListQuery({ columns: "created_at,org_id" }, PAYLOADS).columns).toEqual([
      "request_id",
      "org_id",
      "created_at",
    ]);
    expect(columnsChange(["created_at", "org_id"], PAYLOADS)).toEqual({ columns: "org_id,created_at" });
    expect(columnsChange(readListQuery({}, PAYLOADS).columns, PAYLOADS)).toEqual({ columns: undefined });
  });
});

describe("a date range", () => {
  it.each([
    [{}, { by: "date", recent: "15m" }],
    [
      { recent: "2d", by: "created_at" },
      { by: "created_at", recent: "2d" },
    ],
    [
      { recent: "9y", by: "status" },
      { by: "date", recent: "15m" },
    ],
    [{ created_at_gte: "a" }, { by: "created_at", recent: undefined, from: "a", to: undefined }],
    [
      { date_gt: "a", date_lt: "b" },
      { by: "date", recent: undefined, from: "a", to: "b", excludes: ["from", "to"] },
    ],
  ])("stands in the URL: %j", (query, range) => {
    expect(rangeIn(query, STATUSES.times)).toEqual(range);
  });

  it("is read as it is written, and leaves nothing of the one before", () => {
    const ranges = [
      { by: "date", recent: "15m" },
      { by: "created_at", recent: "all" },
      { by: "created_at", recent: undefined, from: "2026-01-01T00:00:00Z", to: undefined },
    ];
    for (const before of ranges) {
      for (const range of ranges) {
        const url = { ...rangeChange(before, STATUSES.times), ...rangeChange(range, STATUSES.times) };
        expect(rangeIn(url, STATUSES.times)).toEqual(range);
      }
    }
  });

  it.each([{ date_gt: "a", date_lt: "b" }, { created_at_gt: "a", created_at_lte: "b" }, { date_lt: "b" }])(
    "asks for the ends that its URL has: %j",
    (query) => {
      const range = rangeIn(query, STATUSES.times);
      const asked = Object.entries(rangeParameters(range, NOW_MS)).filter(([, time]) => time !== undefined);
      expect(Object.fromEntries(asked)).toEqual(query);
      expect(rangeChange(range, STATUSES.times)).toMatchObject(query);
    },
  );

  it("asks for All Time without any time", () => {
    expect(rangeParameters({ by: "date", recent: "all" }, NOW_MS)).toEqual({});
  });

  it("goes back to earlier ones and forward again, and a new one ends the way forward", () => {
    const history = new RangeHistory();
    const [a, b, c] = ["1h", "3h", "6h"].map((recent) => ({ by: "date", recent }));
    history.note(a!);
    history.note(b!);
    history.note(b!);
    expect(history.step(-1)).toEqual(a);
    history.note(a!);
    expect(history.step(-1)).toBeUndefined();
    expect(history.peek(1)).toEqual(b);
    history.note(c!);
    expect(history.peek(1)).toBeUndefined();
    expect(history.peek(-1)).toEqual(a);
  });
});

describe("CSV", () => {
  it("has the columns that are shown, quoted where it has to be", () => {
    const rows = [{ a: "1", b: 'say "x"', c: "never" }, { a: "x,y\nz" }];
    expect(csvOf(["a", "b"], rows)).toBe('a,b\r\n1,"say ""x"""\r\n"x,y\nz",\r\n');
  });

  it.each(["=1+1", "+1", "-1", "@x", "\tx", "\rx"])("lets no cell be a formula: %j", (text) => {
    const [, line = ""] = csvOf(["a"], [{ a: text }]).split("\r\n");
    expect(line.replace(/^"/, "").startsWith("'")).toBe(true);
  });
});
