import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { PROJECT_ROOT } from "../support/project-files.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

/** Files that import what their layer must not, and one of each layer that keeps to its own. */
const FORBIDDEN: Readonly<Record<string, string>> = {
  "lib/message/a.ts": "../log/frame.ts",
  "lib/message/b.ts": "node:fs",
  "lib/log/a.ts": "../message/message.ts",
  "lib/log/b.ts": "node:fs/promises",
  "lib/disk/a.ts": "../log/frame.ts",
  "lib/a.ts": "../server/index.ts",
  "lib/b.ts": "node:fs",
  "lib/c.ts": "hono",
  "lib/go-import/a.ts": "node:fs",
  "lib/client/a.ts": "../errors.ts",
  "lib/client/b.ts": "../../server/index.ts",
  "lib/client/c.ts": "node:crypto",
  "lib/client/d.ts": "uuid",
  "lib/client/events/a.ts": "../../errors.ts",
  "lib/client/events/b.ts": "node:fs/promises",
  "server/a.ts": "../lib/topic.ts",
  "server/b.ts": "../lib/log/log.ts",
  "server/c.ts": "../cmd/main.ts",
  "server/d.ts": "node:fs",
  "cmd/a.ts": "../lib/netlog.ts",
  "cmd/b.ts": "../lib/client/topic.ts",
};
const ALLOWED: Readonly<Record<string, string>> = {
  "lib/message/ok.ts": "../checksum.ts",
  "lib/log/ok.ts": "../disk/disk.ts",
  "lib/disk/ok.ts": "node:fs",
  "lib/ok.ts": "./log/log.ts",
  "lib/go-import/ok.ts": "../log/index.ts",
  "lib/client/ok.ts": "./errors.ts",
  "lib/client/ok-2.ts": "fflate",
  "lib/client/ok-3.ts": "crc-32",
  "lib/client/events/ok.ts": "../errors.ts",
  "lib/client/events/ok-2.ts": "./errors.ts",
  "lib/client/events/file-store.ts": "node:fs/promises",
  "server/ok.ts": "../lib/index.ts",
  "cmd/ok.ts": "../lib/index.ts",
  "cmd/light.ts": "../lib/values.ts",
  "cmd/ok-2.ts": "../lib/client/index.ts",
};

interface Report {
  readonly diagnostics: readonly {
    readonly category: string;
    readonly location: { readonly path: unknown };
  }[];
}

test("the linter refuses each import that goes against the layers", () => {
  const folder = temporaryFolder();
  for (const name of ["biome.json", ".gitignore"]) cpSync(`${PROJECT_ROOT}${name}`, join(folder, name));
  for (const [path, imported] of Object.entries({ ...FORBIDDEN, ...ALLOWED })) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), `export * from "${imported}";\n`);
  }
  const biome = `${PROJECT_ROOT}node_modules/@biomejs/biome/bin/biome`;
  const { stdout } = spawnSync(
    process.execPath,
    [biome, "lint", "--reporter=json", "--max-diagnostics=none", "."],
    {
      cwd: folder,
      encoding: "utf8",
    },
  );
  const { diagnostics } = JSON.parse(stdout) as Report;
  const refused = diagnostics
    .filter(({ category }) => category === "lint/style/noRestrictedImports")
    .map(({ location }) => pathOf(location.path));
  expect(refused.toSorted()).toEqual(Object.keys(FORBIDDEN).toSorted());
});

function pathOf(path: unknown): string {
  return typeof path === "string" ? path : String((path as { file?: unknown }).file);
}
