/** JSON folded and unfolded: what stands in each row, and how little of a large text is looked at. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  CHILDREN_AT_ONCE,
  type JsonRow,
  JsonTree,
  LONGEST_SCALAR,
} from "../../../../../server/console/app/payload/json-tree.ts";
import "../../../../support/fixed-seed.ts";

/** As the page shows it, one row a line. */
function shown(rows: readonly JsonRow[]): string[] {
  return rows.map(({ depth, name, text, kind, hasComma }) => {
    const label = name === undefined ? "" : `${name}: `;
    return `${"  ".repeat(depth)}${label}${kind === "more" ? "…" : text}${hasComma ? "," : ""}`;
  });
}

function rowOf(tree: JsonTree, name: string): JsonRow {
  return tree.rows.find((row) => row.name === name)!;
}

describe("a tree of JSON", () => {
  it("shows what was published: numbers, escapes and repeated names as they are spelled", () => {
    const tree = new JsonTree(
      ' {"n":12345678901234567890,"n":1.0,"t":"\\u0041\\"","l":[true,null],"e":{},"s":[ ]} ',
    );
    expect(shown(tree.rows)).toEqual([
      "{",
      '  "n": 12345678901234567890,',
      '  "n": 1.0,',
      '  "t": "\\u0041\\"",',
      '  "l": [',
      "    true,",
      "    null",
      "  ],",
      '  "e": {},',
      '  "s": []',
      "}",
    ]);
    expect(tree.rows.map(({ type }) => type).slice(1, 4)).toEqual(["number", "number", "string"]);
  });

  it("folds and unfolds a value, and leaves the others as they are", () => {
    const tree = new JsonTree('{"a":{"b":[1]},"c":2}');
    const before = shown(tree.rows);
    tree.toggle(rowOf(tree, '"a"').id);
    expect(shown(tree.rows)).toEqual(["{", '  "a": {"b":[1]},', '  "c": 2', "}"]);
    expect(rowOf(tree, '"a"').hidden).toBe(7);
    tree.toggle(rowOf(tree, '"a"').id);
    expect(shown(tree.rows)).toEqual(before);
    tree.toggle(rowOf(tree, '"c"').id);
    expect(shown(tree.rows)).toEqual(before);
  });

  it("folds all and opens all", () => {
    const tree = new JsonTree('{"a":{"b":{"c":{"d":{"e":{"f":{"g":[7]}}}}}}}');
    expect(shown(tree.rows)).not.toContain('              "g": [');
    tree.openAll();
    expect(shown(tree.rows)).toContain('              "g": [');
    tree.foldAll();
    expect(shown(tree.rows)).toEqual(["{", '  "a": {"b":{"c":{"d":{"e":{"f":{"g":[7]}}}}}}', "}"]);
  });

  it("shows the beginning of what is folded, on one line", () => {
    const tree = new JsonTree(`[[{ "a":\n 1 },${JSON.stringify({ long: "y".repeat(200) })}]]`);
    tree.foldAll();
    const [, folded] = tree.rows;
    expect(folded!.text).toMatch(/^\[\{ "a": 1 \},\{"long":"y+ …\]$/);
    expect(folded!.text.length).toBeLessThan(100);
  });

  it("shows a scalar as the whole", () => {
    expect(shown(new JsonTree("-7.5e3").rows)).toEqual(["-7.5e3"]);
    expect(shown(new JsonTree('"a b"').rows)).toEqual(['"a b"']);
  });

  it("shows so many parts at first, and more when asked", () => {
    const count = CHILDREN_AT_ONCE * 2 + 1;
    const tree = new JsonTree(JSON.stringify(Array.from({ length: count }, (_, i) => i)));
    expect(tree.rows).toHaveLength(CHILDREN_AT_ONCE + 3);
    expect(tree.rows.at(-2)).toMatchObject({ kind: "more", depth: 1 });
    tree.showMore(tree.rows.at(-2)!.id);
    tree.showMore(tree.rows.at(-2)!.id);
    expect(tree.rows).toHaveLength(count + 2);
    expect(tree.rows.at(-2)).toMatchObject({ kind: "value", text: String(count - 1), hasComma: false });
  });

  it("cuts a scalar and a name that are very long, and says by how much", () => {
    const long = "x".repeat(LONGEST_SCALAR * 3);
    const [, row] = new JsonTree(JSON.stringify({ [long]: long })).rows;
    expect(row!.text).toHaveLength(LONGEST_SCALAR);
    expect(row!.name).toHaveLength(LONGEST_SCALAR);
    expect(row!.hidden).toBe(LONGEST_SCALAR * 2 + 2);
  });

  it("holds every part of any JSON, once all is open", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), fc.constantFrom(undefined, 1), (value, space) => {
        const tree = new JsonTree(JSON.stringify(value, null, space));
        tree.openAll();
        const text = tree.rows.map(
          (row) => `${row.name === undefined ? "" : `${row.name}:`}${row.text}${row.hasComma ? "," : ""}`,
        );
        expect(JSON.parse(text.join(""))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it("opens a deep and large text without reading all of it level by level", () => {
    const deep = `${"[".repeat(200_000)}${"]".repeat(200_000)}`;
    const tree = new JsonTree(deep);
    tree.openAll();
    expect(tree.rows.length).toBeLessThan(100);
  });
});
