/** A program's own events as types: what compiles, and what must not. */
import { expect, test } from "vitest";
import {
  type EventHandlers,
  type EventPublisher,
  EventSubscriber,
  type StoredEvent,
} from "../../../../lib/client/events/index.ts";
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
