import { describe, expect, it } from "vitest";
import { parseTarget } from "../../../server/wire/target.ts";

describe("a request's target", () => {
  it.each([
    ["/", [""], ""],
    ["/demo", ["demo"], ""],
    ["/demo/", ["demo", ""], ""],
    ["//", ["", ""], ""],
    ["/demo/payload/0?x=1", ["demo", "payload", "0"], "x=1"],
    ["/demo?a=/b/c?d", ["demo"], "a=/b/c?d"],
    ["/demo?", ["demo"], ""],
    ["/a%2Fb/%252F", ["a/b", "%2F"], ""],
    ["/a/../b/./c", ["a", "..", "b", ".", "c"], ""],
    ["/a+b;c=d", ["a+b;c=d"], ""],
  ])("is cut and decoded: %s", (target, parts, query) => {
    expect(parseTarget(target)).toEqual({ parts, query, authority: undefined });
  });

  it.each([
    ["http://localhost:7200/demo?x", ["demo"], "x", "localhost:7200"],
    ["HTTPS://queue.example", [""], "", "queue.example"],
    ["http://queue.example?x=1", [""], "x=1", "queue.example"],
  ])("may be an URL: %s", (target, parts, query, authority) => {
    expect(parseTarget(target)).toEqual({ parts, query, authority });
  });

  it.each(["", "*", "demo", "ftp://x/y", "http:///x", "localhost:7200", "/%", "/a/%e4"])(
    "is refused: %s",
    (target) => {
      expect(() => parseTarget(target)).toThrow(expect.objectContaining({ code: "bad_request" }));
    },
  );
});
