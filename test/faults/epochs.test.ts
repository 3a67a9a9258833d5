import { expect, test } from "vitest";
import { brokenEpochs, type StreamMessage } from "./epochs.ts";
import type { Publish } from "./history.ts";

const A = "http://a";
const B = "http://b";

function claim(sequence: number, owner: string | null, endOffset: number, epoch = sequence): StreamMessage {
  return { kind: "claim", sequence, epoch, owner, url: owner && `http://${owner}`, endOffset };
}

function frames(sequence: number, epoch: number, baseOffset: number, endOffset: number): StreamMessage {
  return { kind: "frames", sequence, epoch, baseOffset, endOffset };
}

function published(offset: number, server: string, more: Partial<Publish> = {}): Publish {
  const payloads = [`m${offset}`];
  return { kind: "publish", server, sentMs: 0, endedMs: 1, outcome: "done", payloads, offset, ...more };
}

/** Server a writes, rolls, and loses the log to b. */
const SOUND = [
  claim(1, "a", 0),
  frames(2, 1, 0, 2),
  claim(3, "a", 2, 1),
  frames(4, 1, 2, 3),
  claim(5, "b", 3),
  frames(6, 5, 3, 4),
];

test.each<[string, readonly StreamMessage[], Publish[], string[]]>([
  ["all is well", SOUND, [published(2, A, { isDirect: true }), published(3, B, { isDirect: true })], []],
  ["a front passes on the answer of the owner", SOUND, [published(3, A)], []],
  ["a key may find what an earlier owner stored", SOUND, [published(2, B, { isDirect: true, key: "k" })], []],
  [
    "frames of the former owner lie behind a claim",
    [...SOUND, frames(7, 1, 4, 5)],
    [],
    ["message 7 is of epoch 1, behind the claim 5"],
  ],
  [
    "the former owner claims the log again without taking it over",
    [...SOUND, claim(7, "a", 4, 1)],
    [],
    ["message 7 is of epoch 1, behind the claim 5"],
  ],
  [
    "two owners write under one epoch",
    [...SOUND, claim(7, "a", 4, 5)],
    [],
    ["message 7 names a in the epoch 5 of b"],
  ],
  [
    "a server acknowledges what another one owns",
    SOUND,
    [published(3, A, { isDirect: true })],
    ["m3, acknowledged at 3 by http://a, is of epoch 5, which http://b owned"],
  ],
  [
    "what was acknowledged is in no message",
    SOUND,
    [published(4, B)],
    ["m4, acknowledged at 4 by http://b, lies in no message of the stream"],
  ],
  [
    "a batch is in two messages",
    SOUND,
    [published(2, A, { payloads: ["m2", "m3"] })],
    ["m2, acknowledged at 2 by http://a, goes beyond message 4"],
  ],
  [
    "an owner writes on after it let go",
    [claim(1, "a", 0), claim(2, null, 0, 1), frames(3, 1, 0, 1)],
    [],
    ["message 3 lies behind the end of its epoch 1"],
  ],
  [
    "offsets are given twice",
    [claim(1, "a", 0), frames(2, 1, 0, 2), claim(3, "b", 1), frames(4, 3, 1, 2)],
    [],
    ["message 3 is for offset 1, and the log ends at 2"],
  ],
  [
    "a message is missing",
    [claim(1, "a", 0), frames(3, 1, 0, 1)],
    [],
    ["message 3 stands in the place of 2"],
  ],
  [
    "a message is not netlog's",
    [claim(1, "a", 0), { kind: "foreign", sequence: 2 }],
    [],
    ["message 2 is damaged, or not netlog's"],
  ],
  [
    "nobody has claimed it",
    [frames(1, 1, 0, 1)],
    [],
    ["message 1 is of epoch 1, behind the claim undefined"],
  ],
])("%s", (_name, messages, publishes, broken) => {
  expect(brokenEpochs(messages, publishes)).toEqual(broken);
});
