/**
 * What Mainflux's own tests check of its publisher and its subscriber, case by case, with the events of a platform.
 * Times are those of a clock that the test moves.
 */
import { describe, expect, it } from "vitest";
import {
  EventPublisher,
  type EventPublisherOptions,
  EventSubscriber,
} from "../../../../lib/client/events/index.ts";
import { type PlatformEvent, platformEvents } from "../../../../lib/client/events/platform.ts";
import { NetlogClient } from "../../../../lib/client/index.ts";
import { within } from "../../../support/deadline.ts";
import { FakeLog } from "./fake-log.ts";
import { thingRemoved } from "./platform-events-fixture.ts";
import { type Run, type SubscriberFixture, subscriberForTest } from "./subscriber-fixture.ts";

const format = platformEvents();

class Publishing {
  readonly log: FakeLog = new FakeLog();
  readonly publisher: EventPublisher<object, PlatformEvent>;

  constructor(options: EventPublisherOptions<PlatformEvent> = {}) {
    this.publisher = new EventPublisher(this.log.client(), "mainflux.things", {
      format,
      runtime: this.log.script.runtime,
      onWarning: (warning) => this.log.warnings.push(warning),
      ...options,
    });
  }

  publish(...ids: string[]): void {
    for (const id of ids) this.publisher.publish(thingRemoved(id));
  }

  /** Subjects of the events that are stored. */
  get stored(): string[] {
    return this.log.events.map(({ id }) => id);
  }
}

describe("Mainflux's cases of a publisher", () => {
  it("1: one event, and the log holds exactly its id", async () => {
    const publishing = new Publishing();
    publishing.publish("one");
    await publishing.log.settled();
    expect(publishing.stored).toEqual(["one"]);
  });

  it("2: three failures, and then all three in order", async () => {
    const publishing = new Publishing();
    publishing.log.mood = "away";
    publishing.publish("one", "two", "three");
    await publishing.log.pass(3000);
    expect(publishing.log.script.asked).toHaveLength(3);
    publishing.log.mood = "here";
    await publishing.log.pass(4000);
    expect(publishing.stored).toEqual(["one", "two", "three"]);
    expect(publishing.publisher.stats()).toMatchObject({ published: 3, retried: 3 });
  });

  it("3: a buffer of 2 and five events: the first, on its way, and the last two", async () => {
    const publishing = new Publishing({ bufferSize: 2 });
    publishing.log.mood = "away";
    publishing.publish("a");
    await publishing.log.settled();
    publishing.publish("b", "c", "d", "e");
    publishing.log.mood = "here";
    await publishing.log.pass(1000);
    expect(publishing.stored).toEqual(["a", "d", "e"]);
  });

  it("4: close stores all ten that wait", async () => {
    const publishing = new Publishing();
    const ids = [..."abcdefghij"];
    publishing.publish(...ids);
    await within("the close", publishing.publisher.close());
    expect(publishing.stored).toEqual(ids);
  });

  it("5: close gives up after its 200 ms when the log stays away", async () => {
    const publishing = new Publishing();
    publishing.log.mood = "away";
    publishing.publish("a", "b");
    await publishing.log.settled();
    const closing = publishing.publisher.close({ timeoutMs: 200 });
    await publishing.log.pass(200);
    expect(await within("the close", closing)).toMatchObject({ published: 0, lostOnClose: 2 });
  });

  it("6: a full buffer holds up no publisher: the event is taken before the log answers", () => {
    const publishing = new Publishing({ bufferSize: 1 });
    publishing.log.mood = "silent";
    publishing.publish("a", "b");
    expect(publishing.publisher.publish(thingRemoved("c"))).toBeUndefined();
    expect(publishing.publisher.stats()).toMatchObject({ published: 0, dropped: 1, queued: 2 });
  });

  it("7: two failures, and then the order in which they were published", async () => {
    const publishing = new Publishing();
    publishing.log.mood = "away";
    publishing.publish("k1");
    await publishing.log.pass(1000);
    expect(publishing.log.script.asked).toHaveLength(2);
    publishing.log.mood = "here";
    publishing.publish("k2", "k3", "k4");
    await publishing.log.pass(2000);
    expect(publishing.stored).toEqual(["k1", "k2", "k3", "k4"]);
  });
});

async function store(fixture: SubscriberFixture, ...ids: string[]): Promise<void> {
  for (const id of ids) await fixture.topic.publish(format.encode(thingRemoved(id), `id-${id}`, 0));
}

/** Its calls are the subjects of events, and what `does` has for a subject happens. */
function run(fixture: SubscriberFixture, from: "first" | "end" = "end"): Run {
  return fixture.run({
    format,
    from,
    handlers: {
      "thing.remove": async ({ action }) => {
        fixture.calls.push(action.id);
        await fixture.does.get(action.id)?.();
      },
    },
  });
}

async function untilItReads(fixture: SubscriberFixture): Promise<void> {
  await fixture.until("a read that waits", () =>
    fixture.asked.some((asked) => asked.startsWith("GET /t/batch")),
  );
}

describe("Mainflux's cases of a subscriber", () => {
  it("8: no topic, no name, and a URL that is none are errors, the topic's first", () => {
    const client = new NetlogClient("http://netlog.invalid");
    const make = (topic: string, name: string): unknown =>
      new EventSubscriber(client, { topic, name, format, handlers: {} });
    expect(() => make("", "")).toThrow('"" is no name for a topic');
    expect(() => make("mainflux.things", "")).toThrow("the name of a subscriber is empty");
    expect(() => new NetlogClient("::bogus::")).toThrow('"::bogus::" is no URL');
  });

  it("9: of two events before the first boot and one after, exactly the one after", async () => {
    const fixture = await subscriberForTest();
    await store(fixture, "before-1", "before-2");
    const running = run(fixture);
    await untilItReads(fixture);
    await store(fixture, "after");
    await fixture.called(1);
    await fixture.end(running);
    expect(fixture.calls).toEqual(["after"]);
  });

  it("10: what came while it was down comes first to the next one of its name", async () => {
    const fixture = await subscriberForTest();
    const first = run(fixture);
    await untilItReads(fixture);
    await store(fixture, "a");
    await fixture.called(1);
    await fixture.end(first);
    expect(await fixture.place()).toBe(1);
    await store(fixture, "b");
    const second = run(fixture);
    await fixture.called(2);
    await fixture.end(second);
    expect(fixture.calls).toEqual(["a", "b"]);
  });

  it("11: an unknown operation is passed over with a warning, and the good one after it handled", async () => {
    const fixture = await subscriberForTest();
    await fixture.topic.publish('{"operation":"thing.bogus","id":"t"}');
    await store(fixture, "good");
    const running = run(fixture, "first");
    await fixture.called(1);
    await fixture.end(running);
    expect(fixture.calls).toEqual(["good"]);
    expect(fixture.warnings).toMatchObject([
      { code: "invalid", error: { message: "unknown event operation thing.bogus" } },
    ]);
    expect(await fixture.place()).toBe(2);
  });

  it("12: a handler that fails is called twice, and the third call has the next event", async () => {
    const fixture = await subscriberForTest();
    await store(fixture, "a", "b");
    fixture.does.set("a", () => {
      throw new Error("not today");
    });
    const running = run(fixture, "first");
    await fixture.waitOver(500);
    await fixture.called(3);
    await fixture.end(running);
    expect(fixture.calls).toEqual(["a", "a", "b"]);
  });

  it("13: after three events its place is behind the newest one", async () => {
    const fixture = await subscriberForTest();
    await store(fixture, "a", "b", "c");
    const running = run(fixture, "first");
    await fixture.called(3);
    await fixture.end(running);
    expect(await fixture.place()).toBe((await fixture.topic.read("last")).offset + 1);
  });

  it("14: it ends when it is stopped in the middle of a read that waits", async () => {
    const fixture = await subscriberForTest();
    const running = run(fixture);
    await untilItReads(fixture);
    expect(await fixture.end(running)).toBeUndefined();
    expect(fixture.calls).toEqual([]);
  });
});
