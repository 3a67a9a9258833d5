import { describe, expect, it } from "vitest";
import { parseOffset, resolveOffset } from "../../../lib/reading/offsets.ts";
import { appendAll, newLog, texts } from "../../support/log-fixture.ts";

const NOW = Date.parse("2026-03-31T12:00:00Z");

function timeOf(text: string): string | undefined {
  const spelling = parseOffset(text, NOW);
  return spelling.kind === "time" ? new Date(spelling.timeMs).toISOString() : undefined;
}

describe("spellings of an offset", () => {
  it.each(["", "beginning", "first", "oldest", "start", "FIRST"])("%j is the first", (text) => {
    expect(parseOffset(text, NOW)).toEqual({ kind: "first" });
  });

  it.each(["last", "latest", "Latest"])("%j is the newest message", (text) => {
    expect(parseOffset(text, NOW)).toEqual({ kind: "last" });
  });

  it.each(["end", "now", "NOW"])("%j is the next to be written", (text) => {
    expect(parseOffset(text, NOW)).toEqual({ kind: "end" });
  });

  it.each([
    ["0", 0],
    ["12", 12],
    ["+5", 5],
    ["007", 7],
    ["-1", -1],
    ["-0", 0],
    ["9223372036854775807", 2 ** 63],
  ])("%j is the number %d", (text, offset) => {
    expect(parseOffset(text, NOW)).toEqual({ kind: "offset", offset });
  });

  it.each([
    ["1day", "2026-03-30T12:00:00.000Z"],
    ["1MONTH", "2026-03-03T12:00:00.000Z"],
    ["90m", "2026-03-31T10:30:00.000Z"],
    ["0s", "2026-03-31T12:00:00.000Z"],
  ])("%j counts back from now by the calendar", (text, time) => {
    expect(timeOf(text)).toBe(time);
  });

  it.each([
    ["2026-11-20T23:27:59Z", "2026-11-20T23:27:59.000Z"],
    ["2026-11-20t23:27:59z", "2026-11-20T23:27:59.000Z"],
    ["2026-11-20T23:27:59.023Z", "2026-11-20T23:27:59.023Z"],
    ["2026-11-20T23:27:59.0230000Z", "2026-11-20T23:27:59.023Z"],
    ["2026-11-20T23:27:59.0230001Z", "2026-11-20T23:27:59.024Z"],
    ["2026-11-20T23:27:59+02:00", "2026-11-20T21:27:59.000Z"],
    ["2026-11-20T23:27:59 02:00", "2026-11-20T21:27:59.000Z"],
    ["2026-11-20T23:27:59-05:30", "2026-11-21T04:57:59.000Z"],
    ["2024-02-29T00:00:00Z", "2024-02-29T00:00:00.000Z"],
    ["0050-01-01T00:00:00Z", "0050-01-01T00:00:00.000Z"],
  ])("%j is a time, rounded up to a millisecond", (text, time) => {
    expect(timeOf(text)).toBe(time);
  });

  it.each([
    "abc",
    "1.5",
    "1e3",
    "0x10",
    " 1",
    "1 ",
    "--1",
    "9223372036854775808",
    "99999999999999999999999999",
    "٣",
    "5parsecs",
    "-1day",
    "2026-11-20",
    "2026-11-20T23:27Z",
    "2026-11-20T23:27:59",
    "2026-02-29T00:00:00Z",
    "2026-13-01T00:00:00Z",
    "2026-04-31T00:00:00Z",
    "2026-11-20T24:00:00Z",
    "2026-11-20T23:60:00Z",
    "2026-11-20T23:27:59+24:00",
    "2026-11-20T23:27:59,5Z",
    "2026-11-20 23:27:59Z",
    "Fri, 20 Nov 2026 23:27:59 GMT",
  ])("%j is none", (text) => {
    expect(() => parseOffset(text, NOW)).toThrow(expect.objectContaining({ code: "invalid_offset" }));
  });

  it("quotes the text and says what is taken", () => {
    expect(() => parseOffset("abc", NOW)).toThrow(/"abc" is no offset; take first, last, end/);
  });
});

describe("an offset's place in a log", () => {
  it("follows the log's ends", async () => {
    const { log } = await newLog();
    await appendAll(log, texts(3));
    expect(await resolveOffset("first", log, NOW)).toBe(0);
    expect(await resolveOffset("last", log, NOW)).toBe(2);
    expect(await resolveOffset("end", log, NOW)).toBe(3);
    expect(await resolveOffset("17", log, NOW)).toBe(17);
  });

  it("of `last` in an empty log is the message to come", async () => {
    const { log } = await newLog();
    expect(await resolveOffset("last", log, NOW)).toBe(0);
  });

  it("by time is the first message not older: the first kept when all are younger, the end when all are older", async () => {
    const { log, runtime } = await newLog();
    const startMs = runtime.now();
    await appendAll(log, ["a"]);
    await runtime.advance(60_000);
    await appendAll(log, ["b"]);
    await runtime.advance(60_000);
    const at = (ms: number) => new Date(startMs + ms).toISOString();
    expect(await resolveOffset(at(-1), log, NOW)).toBe(0);
    expect(await resolveOffset(at(0), log, NOW)).toBe(0);
    expect(await resolveOffset(at(1), log, NOW)).toBe(1);
    expect(await resolveOffset("90s", log, runtime.now())).toBe(1);
    expect(await resolveOffset("1day", log, runtime.now())).toBe(0);
    expect(await resolveOffset("59s", log, runtime.now())).toBe(2);
  });
});
