/** What a page's own bundler makes of its script. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { rolldown } from "rolldown";
import { expect } from "vitest";
import { temporaryFolder } from "./temporary-folder.ts";

/** One file without imports. */
export async function bundle(code: string): Promise<string> {
  const input = join(temporaryFolder(), "page.js");
  writeFileSync(input, code);
  const build = await rolldown({ input, platform: "browser", logLevel: "silent" });
  const { output } = await build.generate({ format: "esm" });
  await build.close();
  expect(output).toHaveLength(1);
  return output[0].code;
}
