/** What a payload is taken for, and how its text, its bytes and the beginnings of both are shown. */
import { describe, expect, it } from "vitest";
import { hexRow, hexRowCount } from "../../../../../server/console/app/payload/hex.ts";
import { beginningOf, readPayload } from "../../../../../server/console/app/payload/kind.ts";
import { TextRows } from "../../../../../server/console/app/payload/text-rows.ts";
import { piecesOf, visibleText } from "../../../../../server/console/app/payload/visible.ts";

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

describe("the kind of a payload", () => {
  it.each([
    ['{"a":1}', undefined, "json"],
    [" [1]\n", undefined, "json"],
    ["7", undefined, "text"],
    ["7", "application/json; charset=utf-8", "json"],
    ['"x"', "application/problem+json", "json"],
    ['{"a":', "application/json", "text"],
    ["plain", undefined, "text"],
    ["", undefined, "text"],
    ["\u001b[31mred\u001b[0m", undefined, "text"],
    ["\u0001\u0002\u0003ab", undefined, "hex"],
    ["<script>alert(1)</script>", "text/html", "text"],
  ])("of %j with the type %s is %s", (text, contentType, kind) => {
    expect(readPayload(bytesOf(text), contentType)).toMatchObject({ kind, text, isUtf8: true });
  });

  it("of bytes that are no UTF-8 is hex, and the text says what it can", () => {
    const read = readPayload(Uint8Array.of(0x61, 0xff, 0x62), "application/json");
    expect(read).toEqual({ kind: "hex", text: "a\ufffdb", isUtf8: false, isJson: false });
  });
});

describe("the beginning of a payload", () => {
  it("leaves out a character that was cut in two", () => {
    expect(beginningOf(bytesOf("aü"), 2)).toBe("a");
    expect(beginningOf(bytesOf("aü"), 3)).toBe("aü");
    expect(beginningOf(Uint8Array.of(0x61, 0xc3), 2)).toBe("a\ufffd");
  });
});

describe("characters that nobody sees", () => {
  it("become marks, and what is seen stays", () => {
    expect(visibleText("a\r\u0000\u007fü 😀")).toBe("a\\r\\0\\x7fü 😀");
    expect(piecesOf("a\u202eb")).toEqual(["a", { mark: "\\u202e" }, "b"]);
    expect(piecesOf("a\tb\rc", "\t")).toEqual(["a\tb", { mark: "\\r" }, "c"]);
    expect(visibleText("half \ud800 of a pair, \u0085\u200b\u2028")).toBe(
      "half \\ud800 of a pair, \\x85\\u200b\\u2028",
    );
    expect(piecesOf("")).toEqual([]);
  });
});

describe("hex", () => {
  const bytes = Uint8Array.from({ length: 20 }, (_, i) => (i < 16 ? i * 16 : 0x41));

  it("has sixteen bytes a row, and the last row is as wide", () => {
    expect(hexRowCount(bytes)).toBe(2);
    expect(hexRow(bytes, 0)).toEqual({
      place: "00000000",
      hex: "00 10 20 30 40 50 60 70  80 90 a0 b0 c0 d0 e0 f0",
      ascii: ".. 0@P`p........",
    });
    const last = hexRow(bytes, 1);
    expect(last).toMatchObject({ place: "00000010", ascii: "AAAA" });
    expect(last.hex).toHaveLength(hexRow(bytes, 0).hex.length);
  });

  it("has no row where there is no byte", () => {
    expect(hexRowCount(new Uint8Array())).toBe(0);
  });
});

describe("rows of text", () => {
  const rowsOf = (text: string, columns: number): [number | undefined, string][] => {
    const rows = new TextRows(text, columns);
    return Array.from({ length: rows.length }, (_, i) => [rows.row(i).line, rows.row(i).text]);
  };

  it("number the lines, and a long line goes on in rows without a number", () => {
    expect(rowsOf("abcdef\n\ngh\r\n", 4)).toEqual([
      [1, "abcd"],
      [undefined, "ef"],
      [2, ""],
      [3, "gh"],
    ]);
  });

  it("keep a CR that ends no line, and never cut a character in two", () => {
    expect(rowsOf("a\rb", 80)).toEqual([[1, "a\rb"]]);
    expect(rowsOf("a\r", 80)).toEqual([[1, "a\r"]]);
    expect(rowsOf("😀😀😀", 4)).toEqual([
      [1, "😀😀"],
      [undefined, "😀"],
    ]);
    expect(rowsOf("日本語", 4)).toEqual([
      [1, "日本"],
      [undefined, "語"],
    ]);
  });

  it("count a mark and a tab by what they take on the page", () => {
    expect(rowsOf("\u202ea", 6)).toEqual([
      [1, "\u202e"],
      [undefined, "a"],
    ]);
    expect(rowsOf("a\tb", 4)).toEqual([
      [1, "a\t"],
      [undefined, "b"],
    ]);
  });

  it("hold every character of a text of many columns", () => {
    const text = Array.from({ length: 10_000 }, (_, i) => String.fromCharCode(0x20 + (i % 0x250))).join("");
    const rows = rowsOf(text, 97);
    expect(rows.map(([, part]) => part).join("")).toBe(text);
    expect(rows.filter(([line]) => line !== undefined)).toHaveLength(1);
  });
});
