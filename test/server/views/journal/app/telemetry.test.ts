/** What the telemetry card counts while it is open, and what the pages say where there is no answer. */
import { describe, expect, it } from "vitest";
import { isNetlogClientError } from "../../../../../lib/client/index.ts";
import { sentenceOf } from "../../../../../server/console/app/shell/failure.ts";
import type { Surroundings } from "../../../../../server/console/app/shell/page-link.ts";
import { ClientFigures, figuresOf } from "../../../../../server/views/journal/app/client-figures.ts";
import { dayAndHour, firstHour, hoursSeries } from "../../../../../server/views/journal/app/hours-series.ts";
import {
  type ClientHour,
  JournalLink,
  outOfReach,
  type Telemetry,
} from "../../../../../server/views/journal/app/journal-link.ts";

const FIRST_MS = 1_000_000;
const CLIENT = { kind: "client", domain: "d", id: "c" } as const;
const signal = new AbortController().signal;

function telemetry(inbound: number, outbound: number): Telemetry {
  const seen = { first_seen: "2024-05-01T12:00:00Z", last_seen: "2024-05-01T12:00:00Z" };
  return {
    client_id: "c",
    domain_id: "d",
    subscriptions: 1,
    inbound_messages: inbound,
    outbound_messages: outbound,
    ...seen,
  };
}

describe("a client's figures", () => {
  it("are rates between two looks, and what came since the first", () => {
    const figures = new ClientFigures();
    expect(figures.since).toBeUndefined();
    figures.note(telemetry(100, 50), FIRST_MS);
    figures.note(telemetry(110, 51), FIRST_MS + 2000);
    expect([figures.rates.last("published"), figures.rates.last("delivered")]).toEqual([5, 0.5]);
    expect(figures.since).toEqual({ atMs: FIRST_MS, published: 10, delivered: 1 });
  });

  it("begin anew with a client that was removed and came back", () => {
    const figures = new ClientFigures();
    figures.note(telemetry(100, 50), FIRST_MS);
    figures.note(telemetry(0, 0), FIRST_MS + 2000);
    figures.note(telemetry(4, 0), FIRST_MS + 4000);
    expect(figures.rates.last("published")).toBe(2);
    expect(figures.since).toEqual({ atMs: FIRST_MS + 2000, published: 4, delivered: 0 });
  });

  it("stay while the tab is open, those of ten clients", () => {
    const first = figuresOf("0");
    for (let number = 1; number < 10; number += 1) figuresOf(String(number));
    expect(figuresOf("0")).toBe(first);
    figuresOf("10");
    expect(figuresOf("0")).not.toBe(first);
  });
});

describe("the hours of a client", () => {
  const nowMs = Date.parse("2024-05-08T12:34:56Z");
  const hour = (start: string, inbound: number): ClientHour => ({
    start,
    inbound_messages: inbound,
    outbound_messages: 2 * inbound,
  });

  it("are a point for each of the last seven days, 0 where there was no message", () => {
    expect(new Date(firstHour(nowMs) * 1000).toISOString()).toBe("2024-05-01T13:00:00.000Z");
    const hours = [
      hour("2024-05-01T12:00:00Z", 9),
      hour("2024-05-01T13:00:00Z", 1),
      hour("2024-05-08T12:00:00Z", 3),
    ];
    const series = hoursSeries(hours, nowMs);
    const published = series.line("published");
    expect([series.times.length, series.times[0], series.times.at(-1)]).toEqual([
      168,
      firstHour(nowMs),
      Date.parse("2024-05-08T12:00:00Z") / 1000,
    ]);
    expect([published[0], published[1], published.at(-1), series.last("delivered")]).toEqual([1, 0, 3, 6]);
    expect(dayAndHour(firstHour(nowMs))).toBe("05-01 13:00");
  });

  it("are asked for by the link, and of a client that is not known there are none", async () => {
    const noon = hour("2024-05-08T12:00:00Z", 1);
    const known = linkTo(200, JSON.stringify({ client_id: "c", domain_id: "d", hours: [noon] }));
    expect(await known.hours(CLIENT, firstHour(nowMs), signal)).toEqual([noon]);
    const unknown = linkTo(404, '{"message":"entity not found"}');
    expect(await unknown.hours(CLIENT, firstHour(nowMs), signal)).toBeUndefined();
  });
});

/** A link to a server that answers everything so. */
function linkTo(status: number, body: string, headers: Record<string, string> = {}): JournalLink {
  const around: Surroundings = {
    url: "http://journal",
    fetch: () =>
      Promise.resolve(
        new Response(body, { status, headers: { "Content-Type": "application/json", ...headers } }),
      ),
    storage: { getItem: () => null, setItem: () => {}, removeItem: () => {} },
    setTimeout: () => 0,
  };
  return new JournalLink(around, "tokens");
}

async function failureOf(link: JournalLink): Promise<unknown> {
  return await link.telemetry(CLIENT, signal).then(
    () => undefined,
    (error: unknown) => error,
  );
}

describe("without an answer", () => {
  it("a client that nothing is known of is no failure", async () => {
    expect(await linkTo(404, '{"message":"entity not found"}').telemetry(CLIENT, signal)).toBeUndefined();
  });

  it.each([
    [400, '{"message":"invalid time format use unix time"}', "Invalid time format use unix time."],
    [422, '{"message":"view entity failed"}', "The journal's database does not answer, or took too long"],
    [500, "", "The journal failed; the server's log says why."],
    [503, '{"message":"no keys; try again later"}', "No keys; try again later."],
  ])("%s is a sentence that says what to do", async (status, body, sentence) => {
    expect(sentenceOf(await failureOf(linkTo(status, body)))).toContain(sentence);
  });

  it("a missing token is asked for, and a user whose address is not verified reads why", async () => {
    const bearer = { "WWW-Authenticate": "Bearer" };
    const asking = linkTo(401, '{"message":"missing or invalid bearer user token"}', bearer);
    expect(isNetlogClientError(await failureOf(asking), "unauthorized")).toBe(true);
    expect([asking.needsToken, asking.tokenHint]).toEqual([true, expect.stringContaining("--user")]);
    const unverified = linkTo(401, '{"message":"email not verified"}', bearer);
    await expect(unverified.signIn("token")).rejects.toMatchObject({ reason: "email not verified" });
  });

  it("a refusal names whose the token is, and a foreign page is another refusal", async () => {
    const refused = await failureOf(
      linkTo(403, '{"message":"failed to perform authorization over the entity"}'),
    );
    expect(isNetlogClientError(refused, "out_of_reach")).toBe(true);
    const session = { user: "ana", domains: ["e", "f"], platform_admin: false };
    expect(outOfReach(CLIENT, session)).toBe(
      "Your token is in e, f, and not in domain d. Choose another domain, or use a token of that one.",
    );
    expect(outOfReach(CLIENT, { domains: [], platform_admin: false })).toContain(
      "Your token is in no domain",
    );
    expect(outOfReach({ kind: "user", domain: "", id: "bo" }, session)).toContain(
      "your token is of user ana",
    );
    const foreign = await failureOf(linkTo(403, '{"message":"the Host or Origin is a foreign one"}'));
    expect(isNetlogClientError(foreign, "forbidden")).toBe(true);
  });
});
