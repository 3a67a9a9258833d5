/** The messages of servers that relay requests: what is encoded is decoded, and bytes of any other kind are refused. */
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  bytesInMessage,
  decodeAnswers,
  decodeRequests,
  encodeAnswers,
  encodeRequests,
  MESSAGE_BYTES,
} from "../../../../lib/jetstream/servers/relay-messages.ts";
import type { Relayed } from "../../../../lib/topic/neighbours.ts";

const NUMBER = fc.nat(2 ** 32 - 1);
const TEXTS = fc.array(fc.string({ unit: fc.nat(255).map((code) => String.fromCharCode(code)) }));
const RELAYED = fc.record({
  texts: TEXTS,
  body: fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
});

test("messages are what they were, and take no more than was said", () => {
  const answer = fc.record({ message: NUMBER, index: NUMBER, answer: RELAYED });
  fc.assert(
    fc.property(NUMBER, fc.array(RELAYED), fc.array(answer), (message, requests, answers) => {
      const bytes = encodeRequests(message, requests);
      expect(decodeRequests(bytes)).toEqual({ message, requests });
      expect(bytes.length).toBeLessThanOrEqual(mostBytes(requests));
      const answerBytes = encodeAnswers(answers);
      expect(decodeAnswers(answerBytes)).toEqual(answers);
      expect(answerBytes.length).toBeLessThanOrEqual(mostBytes(answers.map((each) => each.answer)));
    }),
  );
});

function mostBytes(all: readonly Relayed[]): number {
  return all.reduce((sum, { texts, body }) => sum + bytesInMessage(texts, body.length), MESSAGE_BYTES);
}

test("bytes of any other kind are refused", () => {
  const cut = fc.tuple(fc.array(RELAYED, { minLength: 1 }), fc.nat()).map(([requests, place]) => {
    const whole = encodeRequests(1, requests);
    return whole.subarray(0, place % whole.length);
  });
  const other = fc.oneof(
    fc.uint8Array().map((bytes) => Buffer.from(bytes)),
    cut,
  );
  fc.assert(
    fc.property(other, (bytes) => {
      expect(decodeRequests(bytes)).toBeUndefined();
      expect(decodeAnswers(bytes)).toBeUndefined();
    }),
  );
});

test.each([
  "[",
  "{}",
  "[]",
  "[1]",
  '[1,["a"],["POST"]]',
  "[1,[0]]",
  '[1,[0],"POST"]',
  "[1,[0],[2]]",
  '[-1,[0],["POST"]]',
  '[1,[-1],["POST"]]',
  '[1,[1],["POST"]]',
  '[1,[0.5],["POST"]]',
  '["1",[0],["POST"]]',
])("%s is the head of no requests", (head) => {
  const whole = encodeRequests(1, [{ texts: ["POST"], body: Buffer.alloc(0) }]);
  const bytes = Buffer.concat([whole.subarray(0, 8), Buffer.from(head)]);
  bytes.writeUInt32BE(head.length, 4);
  expect(decodeRequests(bytes)).toBeUndefined();
});

test.each([
  "[]",
  "[[1],[0],[0]]",
  "[[1],[],[0],[]]",
  "[[],[0],[0],[]]",
  '[["1"],[0],[0],[]]',
  "[1,0,[0],[]]",
])("%s is the head of no answers", (head) => {
  const whole = encodeAnswers([]);
  const bytes = Buffer.concat([whole.subarray(0, 8), Buffer.from(head)]);
  bytes.writeUInt32BE(head.length, 4);
  expect(decodeAnswers(bytes)).toBeUndefined();
});
