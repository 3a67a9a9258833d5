import { describe, expect, it } from "vitest";
import { EventSubscriber, MemoryCursor } from "../../../../lib/client/events/index.ts";
import { NetlogClient, NetlogClientError } from "../../../../lib/client/index.ts";
import { within } from "../../../support/deadline.ts";
import { notListening, refused } from "../scripted-fetch.ts";
import { subscriberForTest } from "./subscriber-fixture.ts";

describe("where an event subscriber begins", () => {
  it("is the end, at first: what was there before is not for it", async () => {
    const fixture = await subscriberForTest();
    await fixture.tell("old");
    const run = fixture.run();
    await fixture.until("the first read", () =>
      fixture.asked.some((asked) => asked.startsWith("GET /t/batch")),
    );
    await fixture.tell("a", "b");
    await fixture.called(2);
    expect(fixture.calls).toEqual(["a@1", "b@2"]);
    await fixture.end(run);
    expect(fixture.asked.find((asked) => asked.startsWith("GET /t/batch"))).toBe(
      "GET /t/batch?from=1&max=100&wait=30000ms&format=ndjson",
    );
  });

  it("is settled once and kept at once, so that what comes in between is not missed", async () => {
    const fixture = await subscriberForTest();
    await fixture.tell("old");
    const store = new MemoryCursor();
    const saved: number[] = [];
    const failing = {
      load: () => store.load(),
      save: async (next: number): Promise<void> => {
        saved.push(next);
        if (saved.length === 1) {
          await fixture.tell("between");
          throw new Error("the store is away");
        }
        await store.save(next);
      },
    };
    const run = fixture.run({ store: failing });
    await fixture.waitOver(1000);
    await fixture.called(1);
    expect(fixture.calls).toEqual(["between@1"]);
    await fixture.end(run);
    expect(saved).toEqual([1, 1, 2]);
  });

  it("is kept before anything is read: a run that ends at once has its place", async () => {
    const fixture = await subscriberForTest();
    const first = fixture.run();
    await fixture.until("the first read", () =>
      fixture.asked.some((asked) => asked.startsWith("GET /t/batch")),
    );
    await fixture.end(first);
    await fixture.tell("between");
    const second = fixture.run();
    await fixture.called(1);
    await fixture.end(second);
    expect(fixture.calls).toEqual(["between@0"]);
  });

  it.each([
    ["first", ["a@0", "b@1"]],
    [1, ["b@1"]],
    ["1h", ["a@0", "b@1"]],
  ])("is anywhere else by option: %s", async (from, calls) => {
    const fixture = await subscriberForTest();
    await fixture.tell("a", "b");
    const run = fixture.run({ from });
    await fixture.called(calls.length);
    await fixture.end(run);
    expect(fixture.calls).toEqual(calls);
  });

  it("is where the one of its name was, wherever that ran", async () => {
    const fixture = await subscriberForTest();
    await fixture.tell("a", "b");
    const first = fixture.run({ from: "first" });
    await fixture.called(2);
    await fixture.end(first);
    await fixture.tell("c");
    const second = fixture.run({ from: "first" });
    await fixture.called(3);
    await fixture.end(second);
    expect(fixture.calls).toEqual(["a@0", "b@1", "c@2"]);
    const other = fixture.run({ name: "shipping", from: "first" });
    await fixture.called(6);
    await fixture.end(other);
  });

  it("is the first event of a topic that was missing", async () => {
    const fixture = await subscriberForTest();
    await fixture.topic.delete();
    const run = fixture.run();
    await fixture.until("the first read", () =>
      fixture.asked.some((asked) => asked.startsWith("GET /t/batch")),
    );
    await fixture.tell("a");
    await fixture.called(1);
    await fixture.end(run);
    expect(fixture.calls).toEqual(["a@0"]);
  });

  it("is a mistake of the caller's, told by run", async () => {
    const fixture = await subscriberForTest();
    expect(await within("the refusal", fixture.run({ from: "soon" }).ended)).toMatchObject({ status: 400 });
    await fixture.topic.createScanner({ id: "billing", ack: "explicit" });
    expect(await within("the refusal", fixture.run().ended)).toMatchObject({ code: "invalid_argument" });
  });
});

describe("an event subscriber", () => {
  it("is made without a server, and not without a topic or a name", () => {
    const client = new NetlogClient("http://127.0.0.1:1");
    const options = { topic: "t", name: "n", handlers: {} };
    expect(new EventSubscriber(client, options).stats().handled).toBe(0);
    expect(() => new EventSubscriber(client, { ...options, topic: "" })).toThrow('"" is no name for a topic');
    expect(() => new EventSubscriber(client, { ...options, name: "" })).toThrow(
      "the name of a subscriber is empty",
    );
  });

  it("calls the handler of each type, in order, and passes over what is of no type it knows", async () => {
    const fixture = await subscriberForTest();
    await fixture.tell("a", "x", "b", "constructor");
    await fixture.topic.publish("no event at all");
    await fixture.topic.publish('{"type":"a"}');
    await fixture.tell("a");
    const handlers = {
      a: fixture.handle.bind(fixture),
      b: fixture.handle.bind(fixture),
    };
    const run = fixture.run({ from: "first", handlers });
    await fixture.called(3);
    await fixture.end(run);
    expect(fixture.calls).toEqual(["a@0", "b@2", "a@6"]);
    expect(run.subscriber.stats()).toMatchObject({ handled: 3, unknown: 4 });
    expect(fixture.warnings.map(({ code }) => code)).toEqual(["invalid"]);
    expect(await fixture.place()).toBe(7);
  });

  it("keeps its place behind events that are not for it", async () => {
    const fixture = await subscriberForTest();
    await fixture.tell("x", "x", "x");
    const run = fixture.run({ from: "first", handlers: {} });
    await fixture.until("a second read", () => fixture.asked.some((asked) => asked.includes("batch?from=3")));
    await fixture.end(run);
    expect(await fixture.place()).toBe(3);
    expect(fixture.asked.filter((asked) => asked.startsWith("POST /t/seek"))).toHaveLength(2);
  });

  it("waits out a log that is away, from 1 s to 30 s, and says so", async () => {
    const fixture = await subscriberForTest();
    fixture.instead = () => notListening();
    const run = fixture.run({ from: "first" });
    for (const seconds of [1, 2, 4, 8, 16, 30, 30]) await fixture.waitOver(seconds * 1000);
    fixture.instead = undefined;
    await fixture.tell("a");
    await fixture.waitOver(30_000);
    await fixture.called(1);
    fixture.instead = (asked) =>
      asked.startsWith("GET /t/batch") ? refused(503, "shutting_down") : undefined;
    await fixture.end(run);
    expect(fixture.warnings[0]).toMatchObject({ code: "away" });
  });

  it("handles nothing twice when only its place cannot be kept, and goes on when it can", async () => {
    const fixture = await subscriberForTest();
    await fixture.tell("a", "b");
    fixture.does.set("a", () => {
      fixture.instead = (asked) =>
        asked.startsWith("POST /t/seek") ? refused(503, "topic_unavailable") : undefined;
    });
    const run = fixture.run({ from: "first" });
    await fixture.called(1);
    await fixture.waitOver(1000);
    await fixture.until("a second wait", () => fixture.manual.timerCount > 0);
    expect(fixture.calls).toEqual(["a@0"]);
    fixture.instead = undefined;
    await fixture.waitOver(2000);
    await fixture.called(2);
    await fixture.end(run);
    expect(fixture.calls).toEqual(["a@0", "b@1"]);
    expect(await fixture.place()).toBe(2);
  });

  it.each([
    refused(404, "offset_not_found", { "X-First-Offset": "2" }),
    refused(500, "checksum_error", { "X-Offset": "0", "X-Next-Offset": "2" }),
  ])("passes over what is gone, and says so: %#", async (answer) => {
    const fixture = await subscriberForTest();
    await fixture.tell("a", "b", "c");
    let isGone = true;
    fixture.instead = (asked) => {
      if (!isGone || !asked.startsWith("GET /t/batch")) return undefined;
      isGone = false;
      return answer;
    };
    const run = fixture.run({ from: "first" });
    await fixture.called(1);
    await fixture.end(run);
    expect(fixture.calls).toEqual(["c@2"]);
    expect(fixture.warnings.map(({ code }) => code)).toEqual(["gap"]);
  });

  it("ends with what no waiting mends: a place that cannot be kept any more", async () => {
    const fixture = await subscriberForTest();
    await fixture.tell("a");
    const refusal = new NetlogClientError("scanner_exists", "it leases messages");
    const save = (next: number): Promise<void> => (next === 0 ? Promise.resolve() : Promise.reject(refusal));
    const run = fixture.run({ from: "first", store: { load: () => Promise.resolve(undefined), save } });
    expect(await within("the end of the run", run.ended)).toBe(refusal);
    expect(fixture.calls).toEqual(["a@0"]);
  });

  it("begins anew with a topic that was deleted, and created by the first one to come", async () => {
    const fixture = await subscriberForTest();
    await fixture.tell("a", "b");
    const run = fixture.run({ from: "first" });
    await fixture.called(2);
    await fixture.until("a read at the end", () =>
      fixture.asked.some((asked) => asked.includes("batch?from=2")),
    );
    await fixture.topic.delete({ force: true });
    await fixture.until(
      "that it is there again",
      () => fixture.asked.at(-1)?.startsWith("GET /t/batch?from=0") === true,
    );
    await fixture.tell("c");
    await fixture.called(3);
    await fixture.end(run);
    expect(fixture.calls.at(-1)).toBe("c@0");
    expect(await fixture.place()).toBe(1);
  });

  it("begins anew with a topic that was deleted while an event was handled", async () => {
    const fixture = await subscriberForTest();
    await fixture.tell("a", "b");
    fixture.does.set("a", () => fixture.topic.delete({ force: true }));
    const run = fixture.run({ from: "first" });
    await fixture.called(2);
    await fixture.until(
      "that it is there again",
      () => fixture.asked.at(-1)?.startsWith("GET /t/batch?from=0") === true,
    );
    await fixture.tell("c");
    await fixture.called(3);
    await fixture.end(run);
    expect(fixture.calls).toEqual(["a@0", "b@1", "c@0"]);
    expect(await fixture.place()).toBe(1);
  });

  it("ends at the end of a closed topic, its place kept", async () => {
    const fixture = await subscriberForTest();
    await fixture.tell("a");
    fixture.instead = (asked) => {
      if (asked !== "GET /t/batch" || fixture.calls.length === 0) return undefined;
      return new Response(null, { status: 204, headers: { "X-Next-Offset": "1", "X-Closed": "true" } });
    };
    const { ended } = fixture.run({ from: "first" });
    expect(await within("the end of the run", ended)).toBeUndefined();
    expect(fixture.calls).toEqual(["a@0"]);
    expect(await fixture.place()).toBe(1);
  });

  it("runs once at a time", async () => {
    const fixture = await subscriberForTest();
    const run = fixture.run();
    await expect(run.subscriber.run()).rejects.toThrow("billing runs already");
    expect(await fixture.end(run)).toBeUndefined();
    const stopped = AbortSignal.abort();
    await within("a run that is aborted before", run.subscriber.run({ signal: stopped }));
  });
});
