/** The box for a place in a topic takes what people type; the server judges the rest. */
import { describe, expect, it } from "vitest";
import { parsePosition, placeBeforeEnd } from "../../../../../server/console/app/feed/position.ts";
import { serverForTest } from "../../../server-fixture.ts";

const NOW_MS = Date.parse("2026-11-20T10:15:30Z");

const TAKEN = [
  ["", ""],
  ["first", "first"],
  ["Latest", "Latest"],
  [" 42 ", "42"],
  ["1,234,567", "1234567"],
  ["1 234", "1234"],
  ["1h30m", "1h30m"],
  ["1h 30m ago", "1h30m"],
  ["2 days ago", "2days"],
  ["0", "0"],
  ["2026-11-20", "2026-11-20T00:00:00Z"],
  ["2026-11-20 23:27", "2026-11-20T23:27:00Z"],
  ["2026-11-20t23:27:59.023z", "2026-11-20T23:27:59.023Z"],
  ["2026-11-20 23:27:59 UTC", "2026-11-20T23:27:59Z"],
  ["2026-11-20T23:27:59+0100", "2026-11-20T23:27:59+01:00"],
  ["2026-11-20T23:27+01:00", "2026-11-20T23:27:00+01:00"],
  ["9:05", "2026-11-20T09:05:00Z"],
  ["23:50:01", "2026-11-19T23:50:01Z"],
] as const;

describe("a position", () => {
  it.each(TAKEN)("typed as %j goes to the server as %j", (text, from) => {
    expect(parsePosition(text, NOW_MS)).toEqual({ kind: "spelled", from });
  });

  it("of a negative number counts from the end", () => {
    expect(parsePosition("-100", NOW_MS)).toEqual({ kind: "before-end", count: 100 });
    expect(placeBeforeEnd(100, 0, 250)).toBe(150);
    expect(placeBeforeEnd(100, 200, 250)).toBe(200);
    expect(placeBeforeEnd(0, 200, 250)).toBe(250);
  });

  it("that nobody understands is the server's to refuse, with its reason", () => {
    expect(parsePosition("yesterday-ish", NOW_MS)).toEqual({ kind: "spelled", from: "yesterday-ish" });
  });

  it("is one that the server takes", async () => {
    const { server } = await serverForTest();
    await fetch(`${server.url}/t`, { method: "POST" });
    await fetch(`${server.url}/t/payload`, { method: "POST", body: "a" });
    const refused: string[] = [];
    for (const [text, from] of TAKEN) {
      const answer = await fetch(`${server.url}/t/batch?from=${encodeURIComponent(from)}`);
      // An offset beyond the end is one that is spelled well.
      if (answer.status === 400) refused.push(text);
    }
    expect(refused).toEqual([]);
  });
});
