/** The subscriptions of a channel: which messages each gets, from its place on up to its end. */
import "../../../support/fixed-seed.ts";
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  ChannelSubscriptions,
  type Report,
  type Subscription,
} from "../../../../lib/views/journal/channel-subscriptions.ts";

function subscriptionTo(subtopic: string): Subscription {
  return { subscriberId: "s", clientId: "c", subtopic };
}

test.each([
  ["a/b", "a/b", true],
  ["a/b", "a", false],
  ["a", "a/b", false],
  ["+", "a", true],
  ["+", "", false],
  ["+", "a/b", false],
  ["+/b", "a/b", true],
  ["a/+", "a", false],
  ["a/+", "a/b", true],
  ["#", "", true],
  ["#", "a/b/c", true],
  ["a/#", "a", true],
  ["a/#", "a/b/c", true],
  ["a/#", "b", false],
  ["+/#", "", false],
  ["+/b/#", "a/b", true],
])("the filter %s and the subtopic %s: %s", (filter, subtopic, isMatch) => {
  const subscriptions = new ChannelSubscriptions();
  subscriptions.add(subscriptionTo(filter), true);
  subscriptions.publish(subtopic);
  const counts: number[] = [];
  subscriptions.reportAll((_, messageCount) => counts.push(messageCount));
  expect(counts).toEqual([isMatch ? 1 : 0]);
});

/** As MQTT says it, level by level. */
function matches(filter: readonly string[], subtopic: readonly string[]): boolean {
  const [want, ...wanted] = filter;
  const [level, ...levels] = subtopic;
  if (want === "#") return true;
  if (want === undefined || level === undefined) return want === level;
  return (want === "+" || want === level) && matches(wanted, levels);
}

const levelsOf = (subtopic: string): readonly string[] => (subtopic === "" ? [] : subtopic.split("/"));

type Step =
  | { readonly kind: "subscribe"; readonly subscription: Subscription }
  | { readonly kind: "publish"; readonly subtopic: string }
  | { readonly kind: "client" | "subscriber" | "one"; readonly id: string; readonly subtopic: string };

const id = fc.constantFrom("1", "2", "3");
const word = fc.constantFrom("a", "b");
const subtopic = fc.array(word, { maxLength: 3 }).map((levels) => levels.join("/"));
const filter = fc
  .tuple(fc.array(fc.oneof(word, fc.constant("+")), { maxLength: 3 }), fc.boolean())
  .map(([levels, isOpen]) => [...levels, ...(isOpen ? ["#"] : [])].join("/"));
const subscribe = fc.record({ subscriberId: id, clientId: id, subtopic: filter });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: subscribe.map((subscription) => ({ kind: "subscribe" as const, subscription })) },
  { weight: 6, arbitrary: subtopic.map((text) => ({ kind: "publish" as const, subtopic: text })) },
  fc.record({
    kind: fc.constantFrom("client" as const, "subscriber" as const, "one" as const),
    id,
    subtopic: filter,
  }),
);

/** One of a plain list, which is asked one by one. */
interface Kept {
  readonly subscription: Subscription;
  messageCount: number;
}

test("each gets the messages that match it from its place on, and is reported once", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const subscriptions = new ChannelSubscriptions();
      const reported: Kept[] = [];
      const report: Report = (subscription, messageCount) => reported.push({ subscription, messageCount });
      const expected: Kept[] = [];
      let kept: Kept[] = [];
      const end = (isGone: (subscription: Subscription) => boolean): void => {
        expected.push(...kept.filter(({ subscription }) => isGone(subscription)));
        kept = kept.filter(({ subscription }) => !isGone(subscription));
      };
      for (const each of steps) {
        switch (each.kind) {
          case "subscribe":
            subscriptions.add(each.subscription, true);
            kept.push({ subscription: each.subscription, messageCount: 0 });
            break;
          case "publish":
            subscriptions.publish(each.subtopic);
            for (const one of kept) {
              const isMatch = matches(levelsOf(one.subscription.subtopic), levelsOf(each.subtopic));
              if (isMatch) one.messageCount += 1;
            }
            break;
          case "client":
            subscriptions.endClient(each.id, report);
            end(({ clientId }) => clientId === each.id);
            break;
          case "subscriber":
            subscriptions.endSubscriber(each.id, undefined, report);
            end(({ subscriberId }) => subscriberId === each.id);
            break;
          case "one":
            subscriptions.endSubscriber(each.id, each.subtopic, report);
            end((one) => one.subscriberId === each.id && one.subtopic === each.subtopic);
            break;
        }
        expect(subscriptions.size).toBe(kept.length);
      }
      subscriptions.reportAll(report);
      end(() => true);
      const lines = (all: readonly Kept[]): readonly string[] => all.map((one) => JSON.stringify(one)).sort();
      expect(lines(reported)).toEqual(lines(expected));
    }),
    { numRuns: 300 },
  );
});
