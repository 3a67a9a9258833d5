/** Requests and answers as servers relay them: what is encoded is decoded, and bytes of any other kind are refused. */
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  decodeRelayed,
  decodeRelayedAnswer,
  encodeRelayed,
  encodeRelayedAnswer,
} from "../../../server/http/relay-codec.ts";

const pairs = fc.array(fc.tuple(fc.string(), fc.string())).map((each) => each.flat());
const body = fc.uint8Array().map((bytes) => Buffer.from(bytes));
const text = fc.string({ unit: "binary" });

test("a request is what it was", () => {
  const request = fc.record({ method: text, url: text, host: text, client: text, headerPairs: pairs, body });
  fc.assert(
    fc.property(request, ({ body: sent, ...head }) => {
      const whole = Object.fromEntries(
        Object.entries(head).map(([name, value]) => [name, wellFormed(value)]),
      );
      expect(decodeRelayed(encodeRelayed(head, sent))).toEqual({ ...whole, body: sent });
    }),
  );
});

test("an answer is what it was", () => {
  fc.assert(
    fc.property(fc.integer({ min: 200, max: 599 }), pairs, body, (status, headers, sent) => {
      const answer = decodeRelayedAnswer(encodeRelayedAnswer(status, headers, sent));
      expect(answer).toEqual({ status, headers, body: sent });
    }),
  );
  expect(decodeRelayedAnswer(encodeRelayedAnswer(404, [], "é"))?.body.toString()).toBe("é");
});

test("other bytes are refused, and nothing is thrown", () => {
  const headed = fc.tuple(fc.json(), body).map(([head, rest]) => withHead(head, rest));
  fc.assert(
    fc.property(fc.oneof(body, headed), (bytes) => {
      const request = decodeRelayed(bytes);
      if (request !== undefined) expect(request.headerPairs.length % 2).toBe(0);
      const answer = decodeRelayedAnswer(bytes);
      if (answer !== undefined) expect(answer.headers.length % 2).toBe(0);
    }),
  );
});

test.each([
  ["no length", Buffer.from([0, 0, 0])],
  ["a length beyond the end", Buffer.from([0, 0, 0, 9, 91, 93])],
  ["no JSON", withHead("[", Buffer.alloc(0))],
  ["no list", withHead("{}", Buffer.alloc(0))],
  ["a header without a value", withHead('["POST","/","h","c","x"]', Buffer.alloc(0))],
  ["a field that is no text", withHead('["POST","/","h",1]', Buffer.alloc(0))],
  ["no target", withHead('["POST"]', Buffer.alloc(0))],
])("%s is no request", (_what, bytes) => {
  expect(decodeRelayed(bytes)).toBeUndefined();
});

test.each(["[]", "[99]", "[600]", '["200"]', "[200.5]", '[200,"x"]', "[200,1,2]"])(
  "%s is no answer",
  (head) => {
    expect(decodeRelayedAnswer(withHead(head, Buffer.alloc(0)))).toBeUndefined();
  },
);

function withHead(head: string, rest: Buffer): Buffer {
  const bytes = Buffer.from(head);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes, rest]);
}

/** As JSON has it. */
function wellFormed(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}
