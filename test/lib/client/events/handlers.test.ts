import { describe, expect, it } from "vitest";
import { notListening } from "../scripted-fetch.ts";
import { gateForTest, subscriberForTest } from "./subscriber-fixture.ts";

function fail(): never {
  throw new Error("not today");
}

describe("a handler that fails", () => {
  it("is called once more after 500 ms, and the event is done when that went well", async () => {
    const fixture = await subscriberForTest();
    await fixture.tell("a", "b");
    fixture.does.set("a", () => {
      fixture.does.delete("a");
      fail();
    });
    const run = fixture.run({ from: "first" });
    await fixture.called(1);
    await fixture.waitOver(500);
    await fixture.called(3);
    await fixture.end(run);
    expect(fixture.calls).toEqual(["a@0", "a@0", "b@1"]);
    expect(run.subscriber.stats()).toMatchObject({ handled: 2, retried: 1, skipped: 0 });
    expect(fixture.warnings).toMatchObject([{ code: "failed", error: { message: "not today" } }]);
  });

  it("is called twice at most, and the event is passed over", async () => {
    const fixture = await subscriberForTest();
    await fixture.tell("a", "b");
    fixture.does.set("a", fail);
    const run = fixture.run({ from: "first" });
    await fixture.waitOver(500);
    await fixture.called(3);
    await fixture.end(run);
    expect(fixture.calls).toEqual(["a@0", "a@0", "b@1"]);
    expect(run.subscriber.stats()).toMatchObject({ handled: 1, retried: 1, skipped: 1 });
    expect(fixture.warnings.map(({ code }) => code)).toEqual(["failed", "skipped"]);
    expect(await fixture.place()).toBe(2);
  });

  it("ends the run where that is asked for, and the event comes again", async () => {
    const fixture = await subscriberForTest();
    await fixture.tell("a", "b");
    fixture.does.set("a", fail);
    const run = fixture.run({ from: "first", onGiveUp: "stop" });
    await fixture.waitOver(500);
    expect(await run.ended).toMatchObject({ message: "not today" });
    expect(await fixture.place()).toBe(0);
    fixture.does.clear();
    const again = fixture.run({ onGiveUp: "stop" });
    await fixture.called(4);
    await fixture.end(again);
    expect(fixture.calls).toEqual(["a@0", "a@0", "a@0", "b@1"]);
  });

  it("has its event put into another topic, as it came, and only then passed over", async () => {
    const fixture = await subscriberForTest();
    await fixture.tell("a", "b");
    fixture.does.set("a", fail);
    fixture.instead = (asked) => (asked.startsWith("POST /failed") ? notListening() : undefined);
    const run = fixture.run({ from: "first", onGiveUp: { park: "failed" } });
    await fixture.waitOver(500);
    await fixture.until("the wait for the other topic", () => fixture.manual.timerCount > 0);
    expect(await fixture.place()).toBe(0);
    fixture.instead = undefined;
    await fixture.waitOver(1000);
    await fixture.called(3);
    await fixture.end(run);
    const parked = await fixture.client.topic("failed").readBatch();
    expect(parked.messages.map((message) => message.text())).toEqual([(await fixture.topic.read(0)).text()]);
    expect(run.subscriber.stats()).toMatchObject({ handled: 1, parked: 1, skipped: 0 });
  });
});

describe("stopping", () => {
  it("before the second call does not mark the event as done", async () => {
    const fixture = await subscriberForTest();
    await fixture.tell("a");
    fixture.does.set("a", fail);
    const run = fixture.run({ from: "first" });
    await fixture.called(1);
    await fixture.until("the wait for the second call", () => fixture.manual.timerCount > 0);
    expect(await fixture.end(run)).toBeUndefined();
    expect(fixture.manual.timerCount).toBe(0);
    expect(fixture.calls).toEqual(["a@0"]);
    expect(await fixture.place()).toBe(0);
    fixture.does.clear();
    const again = fixture.run();
    await fixture.called(2);
    await fixture.end(again);
    expect(fixture.calls).toEqual(["a@0", "a@0"]);
    expect(await fixture.place()).toBe(1);
  });

  it.each([1, 2])("in call %i waits for it, and marks the event when that went well", async (call) => {
    const fixture = await subscriberForTest();
    await fixture.tell("a", "b");
    const gate = gateForTest();
    if (call === 2) {
      fixture.does.set("a", () => {
        fixture.does.set("a", () => gate.opened);
        fail();
      });
    } else {
      fixture.does.set("a", () => gate.opened);
    }
    const run = fixture.run({ from: "first" });
    if (call === 2) await fixture.waitOver(500);
    await fixture.called(call);
    run.stop.abort();
    gate.open();
    expect(await fixture.end(run)).toBeUndefined();
    expect(fixture.calls).toHaveLength(call);
    expect(await fixture.place()).toBe(1);
  });

  it.each([1, 2])(
    "in call %i does not mark it when that failed, whatever is to become of what fails",
    async (call) => {
      const fixture = await subscriberForTest();
      await fixture.tell("a", "b");
      const gate = gateForTest();
      const hold = async (): Promise<void> => {
        await gate.opened;
        fail();
      };
      fixture.does.set("a", call === 1 ? hold : fail);
      const run = fixture.run({ from: "first" });
      if (call === 2) {
        await fixture.called(1);
        fixture.does.set("a", hold);
        await fixture.waitOver(500);
      }
      await fixture.called(call);
      run.stop.abort();
      gate.open();
      expect(await fixture.end(run)).toBeUndefined();
      expect(fixture.calls).toHaveLength(call);
      expect(await fixture.place()).toBe(0);
      expect(run.subscriber.stats()).toMatchObject({ handled: 0, skipped: 0 });
    },
  );

  it("tells the handler", async () => {
    const fixture = await subscriberForTest();
    await fixture.tell("a");
    let signal: AbortSignal | undefined;
    const run = fixture.run({
      from: "first",
      handlers: async (event, context) => {
        signal = context.signal;
        await fixture.handle(event);
      },
    });
    await fixture.called(1);
    expect(signal?.aborted).toBe(false);
    await fixture.end(run);
    expect(signal?.aborted).toBe(true);
  });

  it("tries once more to keep the place, and ends when that cannot be", async () => {
    const fixture = await subscriberForTest();
    await fixture.tell("a");
    const run = fixture.run({ from: "first" });
    fixture.does.set("a", () => {
      fixture.instead = (asked) => (asked.startsWith("POST /t/seek") ? notListening() : undefined);
    });
    await fixture.called(1);
    await fixture.until("the wait to save again", () => fixture.manual.timerCount > 0);
    const before = fixture.asked.length;
    expect(await fixture.end(run)).toBeUndefined();
    expect(fixture.asked.slice(before)).toEqual(["POST /t/seek?id=billing&to=1"]);
    fixture.instead = undefined;
    expect(await fixture.place()).toBe(0);
  });
});
