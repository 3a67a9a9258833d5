import { describe, expect, it } from "vitest";
import { EventPublisher } from "../../../../lib/client/events/index.ts";
import { NetlogClient } from "../../../../lib/client/index.ts";
import { within } from "../../../support/deadline.ts";
import { refused } from "../scripted-fetch.ts";
import { FakeLog } from "./fake-log.ts";

const tell = (publisher: EventPublisher, ...types: string[]): void => {
  for (const type of types) publisher.publish({ type });
};

describe("an event publisher", () => {
  it("stores events in order, stamped with an id and the time of their publishing", async () => {
    const log = new FakeLog();
    const events = log.publisher();
    const data = { order: 7 };
    events.publish({ type: "order.paid", data });
    data.order = 8;
    log.script.manual.setClock(Date.UTC(2027, 0, 1));
    events.publish({ type: "order.sent" });
    expect(await log.script.settle(events.close())).toEqual({
      published: 2,
      dropped: 0,
      retried: 0,
      lostOnClose: 0,
      queued: 0,
    });
    expect(log.events).toEqual([
      { id: "id-0", type: "order.paid", occurred_at: "2026-01-01T00:00:00.000Z", data: { order: 7 } },
      { id: "id-1", type: "order.sent", occurred_at: "2027-01-01T00:00:00.000Z" },
    ]);
    expect(log.warnings).toEqual([]);
  });

  it("makes up a UUID for each", async () => {
    const log = new FakeLog();
    const events = log.publisher({ randomId: undefined });
    tell(events, "a", "b");
    await log.script.settle(events.close());
    const ids = log.events.map(({ id }) => id);
    for (const id of ids)
      expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(new Set(ids).size).toBe(2);
  });

  it("keeps the order over outages, with waits of 1 s doubling to 30 s", async () => {
    const log = new FakeLog();
    const events = log.publisher();
    log.mood = "away";
    tell(events, "a", "b", "c");
    await log.pass(120_000);
    expect(log.script.times).toEqual([0, 1, 3, 7, 15, 31, 61, 91].map((s) => s * 1000));
    log.mood = "here";
    await log.pass(1000);
    expect(log.stored).toEqual(["a", "b", "c"]);
    log.mood = refused(503, "shutting_down");
    tell(events, "d", "e");
    await log.pass(2000);
    log.mood = "here";
    await log.pass(1000);
    tell(events, "f");
    await log.settled();
    expect(log.stored).toEqual(["a", "b", "c", "d", "e", "f"]);
    expect(events.stats()).toMatchObject({ published: 6, retried: 10, queued: 0 });
  });

  it("waits as long as the log asks for", async () => {
    const log = new FakeLog();
    log.mood = refused(429, "too_many_requests", { "Retry-After": "40" });
    tell(log.publisher(), "a");
    await log.pass(39_000);
    expect(log.script.asked).toHaveLength(1);
    log.mood = "here";
    await log.pass(1100);
    expect(log.stored).toEqual(["a"]);
  });

  it("stores an event once whose answer was lost, by its id, and counts the second try", async () => {
    const log = new FakeLog();
    log.mood = "lost";
    const events = log.publisher();
    tell(events, "a");
    await log.settled();
    log.mood = "here";
    await log.pass(1000);
    const keys = log.script.asked.map(({ headers }) => headers.get("Idempotency-Key"));
    expect(keys).toEqual(["id-0", "id-0"]);
    expect(log.events.map(({ id }) => id)).toEqual(["id-0"]);
    expect(events.stats()).toMatchObject({ published: 1, retried: 1 });
  });

  it("drops the oldest that waits when the buffer is full", async () => {
    const log = new FakeLog();
    log.mood = "away";
    const events = log.publisher({ bufferSize: 2 });
    tell(events, "a");
    await log.settled();
    tell(events, "b", "c", "d", "e");
    expect(events.stats()).toMatchObject({ dropped: 2, queued: 3 });
    log.mood = "here";
    await log.pass(1000);
    expect(log.stored).toEqual(["a", "d", "e"]);
    expect(log.warnings.map(({ code }) => code)).toEqual(["away", "overflow"]);
    expect(log.warnings[1]?.message).toContain("buffer of events for t is full");
  });

  it("drops the oldest when the buffer has too many bytes, but never the last one", async () => {
    const log = new FakeLog();
    log.mood = "away";
    const events = log.publisher({ bufferBytes: 1000 });
    tell(events, "a");
    await log.settled();
    for (const type of ["b", "c", "d"]) events.publish({ type, data: "x".repeat(300) });
    expect(events.stats()).toMatchObject({ dropped: 1, queued: 3 });
    events.publish({ type: "e", data: "x".repeat(2000) });
    expect(events.stats()).toMatchObject({ dropped: 3, queued: 2 });
    log.mood = "here";
    await log.pass(1000);
    expect(log.stored).toEqual(["a", "e"]);
  });

  it("has the first event on its way as soon as it is published", async () => {
    const log = new FakeLog();
    const events = log.publisher({ bufferSize: 2 });
    tell(events, "a", "b", "c", "d", "e");
    await log.settled();
    expect(log.stored).toEqual(["a", "d", "e"]);
  });

  it("returns at once on a full buffer", () => {
    const log = new FakeLog();
    log.mood = "silent";
    const events = log.publisher({ bufferSize: 10_000 });
    tell(events, ...Array.from({ length: 10_001 }, () => "x"));
    // The best of some, for a loaded machine may stop any one of them.
    const took = Array.from({ length: 20 }, () => {
      const startMs = performance.now();
      tell(events, "one more");
      return performance.now() - startMs;
    });
    expect(Math.min(...took)).toBeLessThan(50);
    expect(events.stats()).toMatchObject({ dropped: 20, queued: 10_001 });
    for (let i = 0; i < 100_000; i++) tell(events, "x");
    expect(events.stats()).toMatchObject({ dropped: 100_020, queued: 10_001 });
    expect(log.warnings.map(({ code }) => code)).toEqual(["overflow"]);
  });

  it("warns of a kind once in ten seconds, and counts what it did not tell", async () => {
    const log = new FakeLog();
    log.mood = "silent";
    const events = log.publisher({ bufferSize: 1 });
    tell(events, "a", "b", "c", "d");
    await log.pass(10_000);
    tell(events, "e");
    expect(log.warnings.map(({ code, unsaid }) => [code, unsaid])).toEqual([
      ["overflow", 0],
      ["overflow", 1],
    ]);
  });

  it.each([refused(400, "bad_request"), refused(403, "forbidden"), refused(413, "payload_too_large")])(
    "drops what the log refuses for good, and goes on: %#",
    async (refusal) => {
      const log = new FakeLog();
      log.mood = refusal;
      const events = log.publisher();
      tell(events, "a");
      await log.settled();
      log.mood = "here";
      tell(events, "b");
      await log.settled();
      expect(log.stored).toEqual(["b"]);
      expect(events.stats()).toMatchObject({ published: 1, dropped: 1, retried: 0 });
      expect(log.warnings.map(({ code }) => code)).toEqual(["refused"]);
    },
  );

  it.each([400, 401, 403, 404, 407, 413, 418, 429, 431])(
    "keeps an event that a proxy in the place of the log answers with %s",
    async (status) => {
      const log = new FakeLog();
      log.mood = new Response("<html>", { status });
      const events = log.publisher();
      tell(events, "a", "b");
      await log.pass(100_000);
      log.mood = "here";
      await log.pass(30_000);
      expect(log.stored).toEqual(["a", "b"]);
      expect(events.stats()).toMatchObject({ published: 2, dropped: 0 });
    },
  );

  it("drops an event that a proxy has refused as too large for three minutes", async () => {
    const log = new FakeLog();
    log.mood = new Response("<html>", { status: 413 });
    const events = log.publisher();
    tell(events, "a");
    await log.pass(180_000);
    expect(events.stats()).toMatchObject({ dropped: 0, queued: 1 });
    tell(events, "b");
    await log.pass(1000);
    log.mood = "here";
    await log.pass(1000);
    expect(log.stored).toEqual(["b"]);
    expect(events.stats()).toMatchObject({ dropped: 1, retried: 11 });
    expect(log.warnings.find(({ code }) => code === "refused")).toMatchObject({
      message: "a proxy refuses an event for t as too large; it was dropped",
    });
  });

  it("waits for ten minutes at most, whatever a proxy asks for", async () => {
    const log = new FakeLog();
    log.mood = new Response("", { status: 503, headers: { "Retry-After": "86400" } });
    tell(log.publisher(), "a");
    await log.pass(1000);
    log.mood = "here";
    await log.pass(599_100);
    expect(log.stored).toEqual(["a"]);
  });

  it("waits for a disk that is full", async () => {
    const log = new FakeLog();
    log.mood = refused(507, "storage_full");
    tell(log.publisher(), "a");
    await log.settled();
    log.mood = "here";
    await log.pass(1000);
    expect(log.stored).toEqual(["a"]);
  });

  it("creates a topic that is missing", async () => {
    const log = new FakeLog();
    log.mood = "missing";
    const events = log.publisher({ settings: { segment_age: "1day" } });
    tell(events, "a");
    await log.settled();
    expect(log.stored).toEqual(["a"]);
    expect(events.stats()).toMatchObject({ published: 1, retried: 0 });
    expect(log.script.asked[1]).toMatchObject({ target: "/t", body: '{"segment_age":"1day"}' });
  });

  it("never throws, and counts what cannot be an event", () => {
    const log = new FakeLog();
    const events = log.publisher({
      onWarning: (warning) => {
        log.warnings.push(warning);
        throw new Error("from the listener");
      },
    });
    const circle: Record<string, unknown> = {};
    circle.itself = circle;
    events.publish({ type: "a", data: circle });
    events.publish({ type: "a", data: 1n });
    events.publish({ type: "" });
    events.publish(undefined as never);
    expect(events.stats()).toMatchObject({ dropped: 4, queued: 0 });
    expect(log.warnings.map(({ code }) => code)).toEqual(["invalid"]);
  });

  it("is made without a server, and not without a topic", () => {
    const client = new NetlogClient("http://127.0.0.1:1");
    expect(new EventPublisher(client, "t").stats().queued).toBe(0);
    expect(() => new EventPublisher(client, "")).toThrow('"" is no name for a topic');
    expect(() => new EventPublisher(client, "t", { bufferSize: 0 })).toThrow("bufferSize is 0");
    expect(() => new EventPublisher(client, "t", { bufferBytes: 0.5 })).toThrow("bufferBytes is 0.5");
  });
});

describe("closing an event publisher", () => {
  it("stores all that waits: 10 of 10", async () => {
    const log = new FakeLog();
    const events = log.publisher();
    tell(events, ..."abcdefghij");
    expect(await within("the close", events.close())).toMatchObject({ published: 10, lostOnClose: 0 });
    expect(log.stored.join("")).toBe("abcdefghij");
    expect(log.script.manual.timerCount).toBe(0);
  });

  it("tries at once where it waits for a log that was away", async () => {
    const log = new FakeLog();
    log.mood = "away";
    const events = log.publisher();
    tell(events, "a", "b");
    await log.pass(40_000);
    log.mood = "here";
    expect(await within("the close", events.close())).toMatchObject({ published: 2, lostOnClose: 0 });
  });

  it.each([
    ["away", 8],
    ["silent", 1],
  ] as const)("gives up in time on a log that is %s, and counts", async (mood, retried) => {
    const log = new FakeLog();
    log.mood = mood;
    const events = log.publisher();
    tell(events, "a", "b", "c");
    await log.pass(31_500);
    const closing = events.close();
    await log.pass(4999);
    expect(events.stats().lostOnClose).toBe(0);
    await log.pass(1);
    expect(await within("the close", closing)).toMatchObject({
      published: 0,
      retried,
      lostOnClose: 3,
      queued: 0,
    });
    log.mood = "here";
    await log.pass(60_000);
    expect(log.stored).toEqual([]);
    expect(log.script.manual.timerCount).toBe(0);
    expect(log.warnings.at(-1)).toMatchObject({
      code: "lost_on_close",
      message: "3 events for t were not stored in time",
    });
  });

  it("tries again while there is time", async () => {
    const log = new FakeLog();
    log.mood = "away";
    const events = log.publisher();
    tell(events, "a");
    await log.pass(31_500);
    const closing = events.close();
    await log.pass(2000);
    log.mood = "here";
    await log.pass(1000);
    expect(await within("the close", closing)).toMatchObject({ published: 1, lostOnClose: 0 });
  });

  it("takes no more events, and gives the same when it is called again", async () => {
    const log = new FakeLog();
    const events = log.publisher();
    tell(events, "a");
    const closing = events.close();
    tell(events, "b");
    expect(events.close()).toBe(closing);
    expect(await closing).toMatchObject({ published: 1, dropped: 1 });
    expect(log.stored).toEqual(["a"]);
    expect(log.warnings.map(({ code }) => code)).toEqual(["closed"]);
    expect(await log.publisher().close()).toMatchObject({ published: 0 });
  });
});
