import { describe, expect, it } from "vitest";
import { hashToken, newToken, tokenOf } from "../../../server/auth/token.ts";

describe("a new token", () => {
  it("is recognised by its prefix, has 256 bits of its own, and nothing that needs quoting", () => {
    const tokens = Array.from({ length: 50 }, newToken);
    expect(new Set(tokens).size).toBe(50);
    for (const token of tokens) expect(token).toMatch(/^netlog_[A-Za-z0-9_-]{43}$/);
  });

  it("is kept as SHA-256", () => {
    expect(hashToken("abc")).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  });
});

describe("an Authorization header", () => {
  const encoded = (text: string): string => Buffer.from(text).toString("base64");

  it.each([
    ["Bearer abc", "abc"],
    ["bearer  abc ", "abc"],
    [`Basic ${encoded(":abc")}`, "abc"],
    [`basic ${encoded("user:abc")}`, "abc"],
    [`Basic ${encoded(":a:b")}`, "a:b"],
  ])("%s carries a token", (header, token) => {
    expect(tokenOf(header)).toBe(token);
  });

  it.each([
    undefined,
    "",
    "abc",
    "Bearer",
    "Bearer ",
    "Bearer a b",
    "Bearer a, Bearer b",
    "Basic",
    `Basic ${encoded("abc")}`,
    "Digest abc",
    "xBearer abc",
  ])("%s carries none", (header) => {
    expect(tokenOf(header)).toBeUndefined();
  });
});
