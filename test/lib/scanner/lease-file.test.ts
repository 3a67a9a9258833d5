import { describe, expect, it } from "vitest";
import { decodeLeaseFile, encodeLeaseFile, encodeRecords } from "../../../lib/scanner/lease-file.ts";
import { PendingTable } from "../../../lib/scanner/pending-table.ts";

describe("a journal whose end is torn", () => {
  const state = encodeLeaseFile({ from: 0, settings: {}, table: new PendingTable(0) });
  const record = encodeRecords([{ kind: "give", offset: 0 }], 1, state.length);
  const sound = Buffer.concat([state, record]);
  /** A block with this number and mark, behind one of which nothing is left but its length. */
  const followedBy = (sequence: number, syncedBytes: number): Buffer =>
    Buffer.concat([
      sound,
      Buffer.alloc(60),
      encodeRecords([{ kind: "give", offset: 1 }], sequence, syncedBytes),
    ]);

  it("is damaged when a block behind it says that it had been synced", () => {
    expect(decodeLeaseFile(followedBy(3, sound.length + 60))).toBeUndefined();
  });

  it.each([
    ["a number that has no room in between", followedBy(2 ** 24, sound.length + 60)],
    ["a number of the past", followedBy(1, sound.length + 60)],
    ["a mark beyond its own place", followedBy(3, 2 ** 40)],
  ])("is cut there when what looks like a block in chosen offsets has %s", (_, bytes) => {
    expect(decodeLeaseFile(bytes)).toMatchObject({ sequence: 2, endPosition: sound.length });
  });
});
