import { symlinkSync, utimesSync } from "node:fs";
import { expect, test } from "vitest";
import { nodeDisk } from "../../../lib/disk/node-disk.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { describeDisk } from "./disk-conformance.ts";

describeDisk("the real disk", () => ({ disk: nodeDisk, folder: temporaryFolder() }));

test("the real disk tells whole milliseconds, and follows symbolic links", async () => {
  const folder = temporaryFolder();
  nodeDisk.create(`${folder}/a`).close();
  utimesSync(`${folder}/a`, 1, 1_700_000_000.1234);
  symlinkSync(`${folder}/a`, `${folder}/link`);
  symlinkSync(`${folder}/none`, `${folder}/dangling`);
  expect(await nodeDisk.stat(`${folder}/link`)).toEqual({
    kind: "file",
    sizeBytes: 0,
    modifiedAtMs: 1_700_000_000_123,
    linkCount: 1,
  });
  expect(await nodeDisk.stat(`${folder}/dangling`)).toBeUndefined();
});
