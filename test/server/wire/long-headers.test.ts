/**
 * The server reads a header in a time that grows as the header's length does. At the length here, a time that grows with
 * its square would be half a minute or more; the deadline lies far from both.
 */
import { expect, test } from "vitest";
import { isJsonType } from "../../../lib/index.ts";
import { Gate } from "../../../server/auth/gate.ts";
import { isSameType } from "../../../server/durable-streams/stream-type.ts";

const LENGTH = 250_000;
const DEADLINE_MS = 10_000;
const SPACES = " ".repeat(LENGTH);

test("a content type of many spaces is compared in one walk", { timeout: DEADLINE_MS }, () => {
  expect(isSameType(`a${SPACES}b`, "text/plain")).toBe(false);
  expect(isSameType(`Text/Plain${SPACES}; charset=utf-8`, "text/plain")).toBe(true);
});

test("a content type of many spaces is known for no JSON in one walk", { timeout: DEADLINE_MS }, () => {
  expect(isJsonType(`a${SPACES}b`)).toBe(false);
  expect(isJsonType(`application/JSON${SPACES};charset=utf-8`)).toBe(true);
});

test("a Host of many letters is refused in one walk", { timeout: DEADLINE_MS }, () => {
  const gate = new Gate({
    allowedHosts: [],
    corsOrigins: [],
    address: "127.0.0.1",
    port: 7200,
    isSecure: false,
  });
  expect(() => gate.pass("a".repeat(LENGTH), undefined, undefined)).toThrow();
});
