import { describe, expect, it } from "vitest";
import { formatTokenFile, parseTokenFile } from "../../../server/auth/token-record.ts";
import { LIMITS } from "../../../server/index.ts";

const HASH = `sha256:${"0a".repeat(32)}`;
const OTHER_HASH = `sha256:${"0b".repeat(32)}`;
const GOOD = { name: "ci", hash: HASH, topics: ["logs-*"], rights: ["read", "write"] } as const;

function flawOf(value: unknown): string {
  try {
    parseTokenFile(typeof value === "string" ? value : JSON.stringify(value), LIMITS);
  } catch (error) {
    return String(error);
  }
  return "none";
}

describe("a token file", () => {
  it("is read as it was written", () => {
    const records = [
      GOOD,
      {
        ...GOOD,
        name: "b",
        hash: OTHER_HASH,
        created: "2026-01-01T00:00:00.000Z",
        expires: "2027-01-01T00:00:00Z",
      },
    ];
    expect(parseTokenFile(formatTokenFile(records), LIMITS)).toEqual(records);
  });

  it("may hold nobody", () => {
    expect(parseTokenFile('{"tokens":[]}', LIMITS)).toEqual([]);
  });

  it.each([
    ["", "it is not JSON"],
    ["secret-that-is-no-json", "it is not JSON"],
    ['{"tokens":[}', "it is not JSON"],
    ["[]", "the file is no JSON object"],
    [{}, 'the file needs "tokens", an array'],
    [{ tokens: {} }, 'the file needs "tokens", an array'],
    [{ tokens: [], token: [] }, 'unknown field "token"; there are: tokens'],
    [{ tokens: ["abc"] }, "tokens[0] is no JSON object"],
    [
      { tokens: [{ ...GOOD, right: [] }] },
      'tokens[0] ("ci"): unknown field "right"; there are: name, hash, ',
    ],
    [{ tokens: [{ ...GOOD, name: "" }] }, "name takes 1 to 128 of A-Z"],
    [{ tokens: [{ ...GOOD, name: 7 }] }, "tokens[0]: name takes"],
    [{ tokens: [{ ...GOOD, topics: [] }] }, 'tokens[0] ("ci"): topics takes 1 to 100 patterns'],
    [{ tokens: [{ ...GOOD, topics: "*" }] }, "topics takes"],
    [{ tokens: [{ ...GOOD, topics: ["a/b"] }] }, "topics takes"],
    [{ tokens: [{ ...GOOD, rights: [] }] }, "rights takes some of read, write, admin"],
    [{ tokens: [{ ...GOOD, rights: ["reads"] }] }, "rights takes some of read, write, admin"],
    [{ tokens: [{ ...GOOD, rights: "read" }] }, "rights takes"],
    [{ tokens: [{ ...GOOD, hash: "netlog_abc" }] }, "hash takes sha256: and 64 hexadecimal digits"],
    [{ tokens: [{ ...GOOD, hash: undefined }] }, "hash takes"],
    [{ tokens: [{ ...GOOD, hash: HASH.toUpperCase() }] }, "hash takes"],
    [{ tokens: [{ ...GOOD, expires: "tomorrow" }] }, "expires takes an RFC 3339 time"],
    [{ tokens: [{ ...GOOD, expires: "2026-13-01T00:00:00Z" }] }, "expires takes an RFC 3339 time"],
    [{ tokens: [{ ...GOOD, expires: 5 }] }, "expires takes an RFC 3339 time"],
    [{ tokens: [{ ...GOOD, user: "" }] }, "user takes 1 to 1024 characters"],
    [{ tokens: [{ ...GOOD, domains: "d" }] }, "domains takes 1 to 1000 ids"],
    [{ tokens: [{ ...GOOD, domains: [7] }] }, "domains takes 1 to 1000 ids"],
    [{ tokens: [{ ...GOOD, platform_admin: "yes" }] }, "platform_admin takes true or false"],
    [{ tokens: [{ ...GOOD, domains: ["d"], topics: [], rights: [] }] }, "topics takes 1 to 100 patterns"],
    [{ tokens: [{ ...GOOD, user: "u", topics: [] }] }, "topics takes 1 to 100 patterns"],
    [{ tokens: [GOOD, { ...GOOD, hash: OTHER_HASH }] }, "tokens[1] has the name of one before it"],
    [{ tokens: [GOOD, { ...GOOD, name: "b" }] }, "tokens[1] has the hash of one before it"],
    [{ tokens: Array.from({ length: 1001 }, () => GOOD) }, "at most 1000 tokens"],
  ])("is refused whole, with the place of what is wrong: %j", (value, flaw) => {
    expect(flawOf(value)).toContain(flaw);
    expect(flawOf(value)).not.toContain("secret");
  });
});
