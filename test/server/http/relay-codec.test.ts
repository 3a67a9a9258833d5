/** Requests and answers as servers relay them: what is written is read, and texts of any other kind are refused. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { answerToRelay, relayedAnswer, requestOf, requestTexts } from "../../../server/http/relay-codec.ts";

const pairs = fc.array(fc.tuple(fc.string(), fc.string())).map((each) => each.flat());
const body = fc.uint8Array().map((bytes) => Buffer.from(bytes));
const text = fc.string();
const NO_BYTES = Buffer.alloc(0);
/** Headers that HTTP can carry. */
const headerPairs = fc
  .array(fc.tuple(fc.stringMatching(/^[a-zA-Z][\w-]*$/), fc.stringMatching(/^[ -~\x80-\xff]*$/)))
  .map((each) => each.flat());

test("a request is what it was", () => {
  const request = fc.record({ method: text, url: text, host: text, client: text, headerPairs: pairs, body });
  fc.assert(
    fc.property(request, (sent) => {
      expect(requestOf({ texts: requestTexts(sent), body: sent.body })).toEqual(sent);
    }),
  );
});

test("an answer is what it was", () => {
  fc.assert(
    fc.property(fc.integer({ min: 200, max: 599 }), headerPairs, body, (status, headers, sent) => {
      expect(relayedAnswer(answerToRelay(status, headers, sent))).toEqual({ status, headers, body: sent });
    }),
  );
  expect(relayedAnswer(answerToRelay(404, [], "é"))?.body.toString()).toBe("é");
});

test.each([
  ["no texts", []],
  ["a header without a value", ["POST", "/", "h", "c", "x"]],
  ["no target", ["POST"]],
])("%s make no request", (_what, texts) => {
  expect(requestOf({ texts, body: NO_BYTES })).toBeUndefined();
});

test.each([[[]], [["99"]], [["600"]], [["200.5"]], [["200", "x"]], [["x"]]])(
  "%j make no answer",
  (texts: string[]) => {
    expect(relayedAnswer({ texts, body: NO_BYTES })).toBeUndefined();
  },
);

test.each([
  ["", "x"],
  ["a b", "x"],
  ["a\n", "x"],
  ["a", "x\r\ny: z"],
  ["a", "€"],
])("an answer with the header %j: %j is none, for HTTP cannot carry it", (name, value) => {
  const texts = ["200", "b", "c", name, value];
  expect(relayedAnswer({ texts, body: NO_BYTES })).toBeUndefined();
});
