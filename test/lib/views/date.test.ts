/** Dates of messages and of parameters: what is a time, and what SQL gets of it. */
import { describe, expect, test } from "vitest";
import { formatSqlTime, microsOf, parseMessageDate, parseZonedDate } from "../../../lib/views/date.ts";

describe("a message's date", () => {
  test.each([
    ["2022-03-17T16:56:10Z", "2022-03-17T16:56:10Z"],
    ["2022-03-17 16:56:10", "2022-03-17T16:56:10Z"],
    ["2022-03-17 \t 16:56:10", "2022-03-17T16:56:10Z"],
    ["2021-08-04T07:45:26.371", "2021-08-04T07:45:26.371Z"],
    ["2021-08-04T17:53:29.724476-04:00", "2021-08-04T17:53:29.724476-04:00"],
    ["2024-02-29 00:00:00+05:30", "2024-02-29T00:00:00+05:30"],
    ["0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"],
    ["9999-12-31T23:59:59.999999999Z", "9999-12-31T23:59:59.999999Z"],
  ])("%s is %s", (given, expected) => {
    expect(parseMessageDate(given)).toBe(expected);
  });

  test("what is finer than a microsecond is cut off, never rounded up", () => {
    expect(parseMessageDate("2021-08-04T07:45:26.9999999Z")).toBe("2021-08-04T07:45:26.999999Z");
  });

  test.each([
    "",
    "nope",
    "1629877526",
    "2022-03-17",
    "2022-03-17T16:56",
    " 2022-03-17T16:56:10Z",
    "2022-13-01T00:00:00Z",
    "2022-00-01T00:00:00Z",
    "2022-02-29T00:00:00Z",
    "1900-02-29T00:00:00Z",
    "2022-04-31T00:00:00Z",
    "2022-04-00T00:00:00Z",
    "2022-03-17T24:00:00Z",
    "2022-03-17T16:60:00Z",
    "2022-03-17T16:56:60Z",
    "2022-03-17T16:56:10.Z",
    "2022-03-17T16:56:10+16:00",
    "2022-03-17T16:56:10+01:60",
    "2022-03-17T16:56:10+0100",
    "0000-01-01T00:00:00Z",
    "0001-01-01T00:00:00+01:00",
    "9999-12-31T23:59:59-01:00",
    "2022-03-17T16:56:10Z'; DROP TABLE payloads",
  ])("%j is none", (given) => {
    expect(parseMessageDate(given)).toBeUndefined();
  });
});

test("a parameter's time needs a zone and a T", () => {
  expect(parseZonedDate("2021-08-04T17:53:29.724476-04:00")).toBe("2021-08-04T17:53:29.724476-04:00");
  expect(parseZonedDate("2021-08-04T17:53:29")).toBeUndefined();
  expect(parseZonedDate("2021-08-04 17:53:29Z")).toBeUndefined();
});

test("PostgreSQL's times read as RFC 3339", () => {
  expect(formatSqlTime("2021-08-04 07:45:26.371+00")).toBe("2021-08-04T07:45:26.371Z");
  expect(formatSqlTime("2021-08-04 07:45:26+00")).toBe("2021-08-04T07:45:26Z");
});

describe("microseconds since 1970", () => {
  test.each([
    ["1970-01-01T00:00:00Z", 0],
    ["1970-01-01T00:00:00.5Z", 500_000],
    ["1969-12-31T23:59:59.999999Z", -1],
    ["2021-08-04T17:53:29.724476-04:00", Date.parse("2021-08-04T21:53:29Z") * 1000 + 724_476],
    ["2255-06-05T23:47:34.740991Z", Number.MAX_SAFE_INTEGER],
    ["2255-06-05T23:47:34.740992Z", undefined],
  ])("of %s are %s", (text, expected) => {
    expect(microsOf(text)).toBe(expected);
  });
});
