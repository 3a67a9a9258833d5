import { describe, expect, it } from "vitest";
import {
  decodeRecord,
  encodeRecord,
  KeptFiles,
  type KeptKind,
} from "../../../../lib/jetstream/scanners/kept-files.ts";

type Given = readonly [kind: KeptKind, number: number, text: string] | undefined;

function read(...records: readonly Given[]): string | undefined {
  const files = new KeptFiles();
  for (const given of records) {
    const record = given && { kind: given[0], number: given[1], bytes: Buffer.from(given[2]) };
    files.take("s", record && decodeRecord(encodeRecord(record)));
  }
  const file = files.file("s");
  return file && [file.whole, ...file.more].map(String).join("|");
}

describe("a kept file", () => {
  it("is what it was replaced with last, and what was added to that", () => {
    expect(
      read(["whole", 0, "a"], ["more", 0, "b"], ["whole", 0, "c"], ["more", 0, "d"], ["more", 0, "e"]),
    ).toBe("c|d|e");
  });

  it("is put together out of the parts of a replacement", () => {
    expect(read(["part", 0, "a"], ["part", 1, "b"], ["whole", 2, "c"])).toBe("abc");
  });

  it("stays what it was while a replacement is not whole, and takes additions meanwhile", () => {
    expect(read(["whole", 0, "a"], ["part", 0, "b"], ["more", 0, "c"], ["part", 1, "d"])).toBe("a|c");
  });

  it("takes nothing of a replacement that came to nothing into the next one", () => {
    expect(read(["part", 0, "x"], ["part", 1, "y"], ["part", 0, "a"], ["whole", 1, "b"])).toBe("ab");
    expect(read(["whole", 0, "o"], ["part", 0, "x"], ["part", 2, "z"], ["whole", 3, "b"])).toBe("o");
    expect(read(["part", 0, "x"], ["whole", 0, "a"])).toBe("a");
  });

  it("is not there before it is whole, nor when it is gone", () => {
    expect(read(["part", 0, "a"])).toBeUndefined();
    expect(read(["more", 0, "a"])).toBeUndefined();
    expect(read(["whole", 0, "a"], ["gone", 0, ""])).toBeUndefined();
    expect(read(["whole", 0, "a"], ["gone", 0, ""], ["whole", 0, "b"])).toBe("b");
  });

  it("is damaged by a record that cannot be read, until it is replaced", () => {
    expect(read(["whole", 0, "a"], undefined)).toBeUndefined();
    expect(read(["whole", 0, "a"], undefined, ["more", 0, "b"])).toBeUndefined();
    expect(read(["whole", 0, "a"], undefined, ["whole", 0, "b"])).toBe("b");
  });

  it("is named where it is damaged, so that it can be deleted", () => {
    const files = new KeptFiles();
    files.take("damaged", undefined);
    files.take("unfinished", { kind: "part", number: 0, bytes: Buffer.from("a") });
    expect(files.subjects).toEqual(["damaged"]);
  });

  it.each([Buffer.alloc(0), Buffer.from([0, 0, 0, 0]), Buffer.from([9, 0, 0, 0, 0, 1])])(
    "has no record of %j",
    (bytes) => {
      expect(decodeRecord(bytes)).toBeUndefined();
    },
  );
});
