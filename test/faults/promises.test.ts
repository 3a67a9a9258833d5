import { expect, test } from "vitest";
import type { Event, Found, Publish } from "./history.ts";
import { brokenPromises, unsettledMessages } from "./promises.ts";

const SERVER = "http://a";

function published(
  payload: string,
  offset: number,
  [sentMs, endedMs] = [offset * 10, offset * 10 + 5],
): Publish {
  return { kind: "publish", server: SERVER, sentMs, endedMs, outcome: "done", payloads: [payload], offset };
}

function found(...payloads: string[]): Found {
  return {
    firstOffset: 0,
    messages: payloads.map((payload, offset) => ({ offset, timeMs: offset, payload })),
  };
}

function taken(kind: "scan" | "lease", offset: number, payload: string, sentMs: number): Event {
  return {
    kind,
    scanner: "s",
    server: SERVER,
    sentMs,
    endedMs: sentMs + 1,
    outcome: "done",
    offset,
    payload,
  };
}

const lostAnswer: Event = {
  kind: "scan",
  scanner: "s",
  server: SERVER,
  sentMs: 1,
  endedMs: 2,
  outcome: "unknown",
};

test.each<[string, Event[], Found, string[]]>([
  ["all is well", [published("a", 0), published("b", 1)], found("a", "b"), []],
  ["a message is lost", [published("a", 0)], found(), ["a was acknowledged at 0, where undefined is"]],
  [
    "another message is in its place",
    [published("a", 0), published("b", 0)],
    found("a"),
    ["b was acknowledged at 0, where a is"],
  ],
  ["a message is there twice", [published("a", 0)], found("a", "a"), ["a is there at 0 and 1"]],
  [
    "a refused one is there",
    [{ ...published("a", 0), outcome: "refused" }],
    found("a"),
    ["a was refused, and is there at 0"],
  ],
  ["an unknown one may be there", [{ ...published("a", 0), outcome: "unknown" }], found("a"), []],
  ["an unknown one may be missing", [{ ...published("a", 0), outcome: "unknown" }], found(), []],
  ["nobody published it", [], found("a"), ["nobody published a, which is at 0"]],
  [
    "a batch is torn",
    [{ ...published("a", 0), outcome: "unknown", payloads: ["a", "b"] }],
    found("a"),
    ["the batch of a is torn: 0, none"],
  ],
  [
    "a later request comes before",
    [published("a", 1, [0, 1]), published("b", 0, [2, 3])],
    found("b", "a"),
    ["b is at 0, though 1 was acknowledged before it was sent"],
  ],
  [
    "requests at one time come in any order",
    [published("a", 1, [0, 3]), published("b", 0, [2, 4])],
    found("b", "a"),
    [],
  ],
  [
    "offsets have a gap",
    [published("a", 0)],
    { firstOffset: 0, messages: [{ offset: 1, timeMs: 0, payload: "a" }] },
    ["offsets are not dense", "a was acknowledged at 0"],
  ],
  [
    "time goes back",
    [published("a", 0), published("b", 1)],
    {
      firstOffset: 0,
      messages: [
        { offset: 0, timeMs: 2, payload: "a" },
        { offset: 1, timeMs: 1, payload: "b" },
      ],
    },
    ["time goes back at 1"],
  ],
  [
    "a reader gets other bytes",
    [published("a", 0), taken("scan", 0, "x", 9)],
    found("a"),
    ["s gave x at 0, where a is"],
  ],
  [
    "a read by offset gets other bytes",
    [published("a", 0), { ...lostAnswer, kind: "read", outcome: "done", offset: 0, payload: "x" } as Event],
    found("a"),
    ["a read gave x at 0, where a is"],
  ],
  [
    "a scanner skips",
    [published("a", 0), published("b", 1), taken("scan", 1, "b", 9)],
    found("a", "b"),
    ["scanner s skipped from 0 to 1"],
  ],
  [
    "a lost answer may have been a message",
    [published("a", 0), published("b", 1), lostAnswer, taken("scan", 1, "b", 9)],
    found("a", "b"),
    [],
  ],
  [
    "a settled message comes again",
    [
      published("a", 0),
      { kind: "ack", scanner: "s", server: SERVER, sentMs: 10, endedMs: 11, outcome: "done", offset: 0 },
      taken("lease", 0, "a", 12),
    ],
    found("a"),
    ["scanner s gave 0 again, which was settled"],
  ],
])("%s", (_name, events, topic, broken) => {
  const told = brokenPromises(events, topic);
  expect(told).toHaveLength(broken.length);
  for (const [index, words] of broken.entries()) expect(told[index]).toContain(words);
});

test("a message that nobody settled is named", () => {
  expect(unsettledMessages([published("a", 0)], found("a"))).toEqual(["message 0 was never settled"]);
});
