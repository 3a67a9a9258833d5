/** Files of pages: kept once they were read, and found again after a build beneath the running server. */
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { PageFiles } from "../../../server/pages/files.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

const text = async (files: PageFiles, name: string): Promise<string | undefined> =>
  (await files.read(name))?.toString();

test("a file is read once", async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "main.js"), "1");
  const files = new PageFiles(folder);
  expect(await text(files, "main.js")).toBe("1");
  writeFileSync(join(folder, "main.js"), "2");
  expect(await text(files, "main.js")).toBe("1");
  expect(await text(files, "../main.js")).toBeUndefined();
});

test("a page whose script a new build took away is read anew", async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "index.html"), "old.js");
  writeFileSync(join(folder, "old.js"), "old");
  const files = new PageFiles(folder);
  expect(await text(files, "index.html")).toBe("old.js");
  rmSync(join(folder, "old.js"));
  writeFileSync(join(folder, "index.html"), "new.js");
  writeFileSync(join(folder, "new.js"), "new");
  expect(await text(files, "old.js")).toBeUndefined();
  expect(await text(files, "index.html")).toBe("new.js");
  expect(await text(files, "new.js")).toBe("new");
});
