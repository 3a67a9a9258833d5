/** What the page of one payload makes of its statuses, and when it stops to ask. */
import { describe, expect, it } from "vitest";
import { isNetlogClientError } from "../../../../../lib/client/index.ts";
import {
  byDate,
  parseDuration,
  progressOf,
  timesOf,
  worksOf,
} from "../../../../../server/views/payloads/app/services.ts";
import { Settling } from "../../../../../server/views/payloads/app/settling.ts";
import { durationText, whenText } from "../../../../../server/views/payloads/app/times.ts";
import { type TrackedStatus, TrackerLink } from "../../../../../server/views/payloads/app/tracker-link.ts";
import { rejection } from "../../../../support/rejection.ts";

function status(
  service: string,
  word: string,
  second: number,
  more: Partial<TrackedStatus> = {},
): TrackedStatus {
  const date = `2021-08-04T07:45:${String(second).padStart(2, "0")}Z`;
  return { request_id: "r", service, status: word, date, created_at: date, ...more };
}

describe("services", () => {
  it("come in the order in which the payload came to them, each with its own statuses, the oldest first", () => {
    const works = worksOf([
      status("b", "success", 9),
      status("b", "received", 5),
      status("a", "received", 1),
    ]);
    expect(works.map(({ title, statuses }) => [title, statuses.map(({ status: word }) => word)])).toEqual([
      ["a", ["received"]],
      ["b", ["received", "success"]],
    ]);
  });

  it.each([
    [["received"], "other", 25],
    [["received", "processing"], "processing", 50],
    [["received", "error"], "failed", 25],
    [["failed"], "failed", 25],
    [["processing_error", "processing"], "failed", 25],
    [["error", "success"], "success", 100],
    [["success", "error"], "success", 100],
  ])("are as far as their statuses say: %j is %s", (words, state, progress) => {
    const [work] = worksOf(words.map((word, second) => status("a", word, second)));
    expect(work?.state).toBe(state);
    expect(progressOf(work!.state)).toBe(progress);
    expect(work?.hasFailed).toBe(words.some((word) => /error|failed/.test(word)));
  });

  it("have the times of the API, told apart by source; a colon in a name does no harm", () => {
    const data = [status("a:b", "success", 1), status("a:b", "success", 2, { source: "c" })];
    const duration = { "a:b:undefined": "00:00:03.000000", "a:b:c": "00:00:01.000000", total_time: "x" };
    expect(timesOf({ data, duration })).toMatchObject([
      { title: "a:b", seconds: 3, share: 0.75 },
      { title: "a:b from c", seconds: 1, share: 0.25 },
    ]);
    expect(timesOf({ data: [status("a", "success", 1)], duration: {} })).toMatchObject([{ share: 0 }]);
  });

  it("have their share of the whole time, where not all statuses are shown", () => {
    const duration = {
      "a:undefined": "00:00:01.000000",
      "b:undefined": "00:00:02.000000",
      "b:c": "00:00:01.000000",
      total_time_in_services: "00:00:04.000000",
      total_time: "00:00:09.000000",
    };
    expect(timesOf({ data: [status("a", "success", 1)], duration, count: 2000 })).toMatchObject([
      { title: "a", state: "success", share: 0.25 },
      { title: "b", state: "other", share: 0.5 },
      { title: "b:c", state: "other", share: 0.25 },
    ]);
  });

  it("are ordered by fractions of a second too", () => {
    const dates = ["2021-08-04T07:45:26.371Z", "2021-08-04T07:45:26Z", "2021-08-04T07:45:26.3715Z"];
    const ordered = byDate(dates.map((date) => status("a", "x", 0, { date })));
    expect(ordered.map(({ date }) => date)).toEqual([dates[1], dates[0], dates[2]]);
  });
});

describe("times", () => {
  it.each([
    ["00:00:05.625000", 5.625],
    ["101:02:03.000001", 363_723.000001],
    ["", undefined],
    ["nope", undefined],
  ])("reads %j", (text, seconds) => {
    expect(parseDuration(text)).toBe(seconds);
  });

  it("are short to read", () => {
    expect([0, 0.0004, 0.601, 9.97, 125, 7200].map(durationText)).toEqual([
      "0 s",
      "400 µs",
      "601 ms",
      "9.97 s",
      "2m 5s",
      "2h",
    ]);
    expect(whenText("2021-08-04T07:45:26.371Z")).toBe("2021-08-04 07:45:26.371");
  });
});

it("stops after ten answers that say nothing new, and not before", () => {
  const settling = new Settling();
  const note = (answer: unknown, times: number): boolean[] =>
    Array.from({ length: times }, () => settling.note(answer));
  expect(note({ data: [1] }, 10)).not.toContain(true);
  expect(note({ data: [1, 2] }, 11)).toEqual([...Array<boolean>(10).fill(false), true]);
  settling.restart();
  expect(note({ data: [1, 2] }, 10).indexOf(true)).toBe(9);
});

describe("the way to the tracker", () => {
  const linkTo = (status: number, headers: Record<string, string>, body = ""): TrackerLink =>
    new TrackerLink({
      url: "http://tracker.example/api/v1",
      fetch: async () => new Response(body, { status, headers }),
      storage: { getItem: () => null, setItem: () => {}, removeItem: () => {} },
      setTimeout: () => 0,
    });
  const json = { "content-type": "application/json; charset=utf-8" };

  it("asks for a token where a token is missing, and not where a role is", async () => {
    const tokenless = linkTo(401, { ...json, "www-authenticate": "Bearer" });
    expect(isNetlogClientError(await rejection(tokenless.get("/payloads")), "unauthorized")).toBe(true);
    expect(tokenless.needsToken).toBe(true);
    const roleless = linkTo(401, json);
    await rejection(roleless.checkArchiveRole(new AbortController().signal));
    expect(roleless.needsToken).toBe(false);
  });

  it("says what the tracker says, with what to mend", async () => {
    const body = JSON.stringify({
      title: "Bad Request",
      message: "invalid timestamp",
      status: 400,
      reason: "no zone",
    });
    expect(await rejection(linkTo(400, json, body).get("/payloads"))).toMatchObject({
      status: 400,
      reason: "invalid timestamp: no zone",
    });
  });

  it("takes a payload that is not there for an answer, and a proxy's 404 for none", async () => {
    const { signal } = new AbortController();
    expect(await linkTo(404, json, "{}").payload("r", {}, signal)).toBeUndefined();
    expect(await rejection(linkTo(404, {}, "<html>").payload("r", {}, signal))).toMatchObject({
      status: 404,
    });
  });

  it("takes a proxy's 503 for a server that is gone, and the tracker's own for a refusal", async () => {
    const gone = linkTo(503, { "content-type": "text/html" });
    await rejection(gone.get("/payloads"));
    expect(gone.isGone).toBe(true);
    const busy = linkTo(503, json, "{}");
    await rejection(busy.get("/payloads"));
    expect(busy.isGone).toBe(false);
  });
});
