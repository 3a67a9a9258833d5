/** A program's own events as types: what compiles, and what must not. */
import { expect, test } from "vitest";
import {
  type EventHandlers,
  EventPublisher,
  EventSubscriber,
  type StoredEvent,
} from "../../../../lib/client/events/index.ts";
import { platformEvents } from "../../../../lib/client/events/platform.ts";
import { NetlogClient } from "../../../../lib/client/index.ts";

interface Orders {
  "order.paid": { order: number };
  "order.lost": undefined;
}

test("publishers and subscribers know a program's events by their types", () => {
  const client = new NetlogClient("http://netlog.invalid");
  const mayPublish = (typed: EventPublisher<Orders>, any: EventPublisher): void => {
    typed.publish({ type: "order.paid", data: { order: 7 } });
    typed.publish({ type: "order.lost" });
    // @ts-expect-error it brings an order
    typed.publish({ type: "order.paid" });
    // @ts-expect-error there is no such type
    typed.publish({ type: "order.piad", data: { order: 7 } });
    any.publish({ type: "anything" });
    any.publish({ type: "anything", data: 5 });
  };
  const byType: EventHandlers<Orders> = {
    "order.paid": ({ data }) => void data.order.toFixed(),
    // @ts-expect-error there is no such type
    "order.piad": () => {},
  };
  const forAll = (event: StoredEvent<Orders>): void => {
    if (event.type === "order.paid") event.data.order.toFixed();
  };
  for (const handlers of [byType, forAll]) {
    expect(new EventSubscriber<Orders>(client, { topic: "t", name: "n", handlers }).stats().handled).toBe(0);
  }
  const anyEvents = { anything: ({ data }: StoredEvent): void => void (data satisfies unknown) };
  expect(new EventSubscriber(client, { topic: "t", name: "n", handlers: anyEvents })).toBeDefined();
  expect(mayPublish).toBeTypeOf("function");
});

test("with the format of a platform, operations and their actions are known", () => {
  const client = new NetlogClient("http://netlog.invalid");
  const mayPublish = (): void => {
    const events = new EventPublisher(client, "t", { format: platformEvents() });
    events.publish({ operation: "thing.remove", action: { id: "t" }, orgId: "o" });
    // @ts-expect-error a new thing has a group and a profile
    events.publish({ operation: "thing.create", action: { id: "t" }, orgId: "o" });
    // @ts-expect-error there is no such operation
    events.publish({ operation: "thing.delete", action: { id: "t" }, orgId: "o" });
  };
  const options = { topic: "t", name: "n", format: platformEvents() };
  const byOperation = new EventSubscriber(client, {
    ...options,
    handlers: {
      "group.remove": ({ action, orgId, offset }) => void [action.thingIds?.length, orgId.length, offset],
      // @ts-expect-error a removed thing has no profile
      "thing.remove": ({ action }) => void action.profileId,
    },
  });
  const forAll = new EventSubscriber(client, {
    ...options,
    handlers: (event) => {
      if (event.operation === "profile.update") event.action.config?.transformer?.data_filters?.length;
      // @ts-expect-error only some operations have a profile
      event.action.profileId;
    },
  });
  // @ts-expect-error there is no such operation
  new EventSubscriber(client, { ...options, handlers: { "thing.delete": () => {} } });
  expect([byOperation, forAll].map((each) => each.stats().handled)).toEqual([0, 0]);
  expect(mayPublish).toBeTypeOf("function");
});
