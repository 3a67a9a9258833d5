import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { builtServerForTest, runProgram } from "../support/built-program.ts";
import { goManifest, unpackGoData } from "../support/go-data.ts";
import { codeBlocks, PROJECT_ROOT, projectText, section } from "../support/project-files.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

/** What was imported must not age away, whenever this runs. */
const NO_MONITOR = ["--monitor-interval", "24day"];

/** Checksums of all files by their path; the lock's left out. */
function contentOf(folder: string): Record<string, string> {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).toSorted();
  const files = names.filter((name) => statSync(join(folder, name)).isFile());
  return Object.fromEntries(files.map((name) => [name, sha256Of(readFileSync(join(folder, name)))]));
}

function sha256Of(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function curl(...args: readonly string[]): Buffer {
  return execFileSync("curl", ["--silent", "--show-error", "--fail", ...args]);
}

test("what a Go NetLog wrote is imported, and served to curl byte for byte", async () => {
  const folder = join(temporaryFolder(), "data");
  const { status, stdout, stderr } = await runProgram(["import", unpackGoData(), "--dir", folder]);
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  expect(stdout).toMatch(/\ndone: 6 topics with 148 messages imported, /);

  const server = await builtServerForTest(folder, NO_MONITOR);
  expect(await server.logged("listening on ")).toMatchObject({ topics: 6, failed: 0 });
  for (const [topic, messages] of Object.entries(goManifest())) {
    const into = temporaryFolder();
    // curl's own counting: one file for each message, named by its offset.
    curl("--output", join(into, "#1"), `${server.url}/${topic}/payload/[0-${messages.length - 1}]`);
    for (const { offset, sha256 } of messages) {
      const payload = readFileSync(join(into, String(offset)));
      expect(sha256Of(payload), `${topic} ${offset}`).toBe(sha256);
    }
    expect(curl(`${server.url}/${topic}/check`).toString()).toContain("topic healthy");
  }
  const id = "5fbea575-3b50-4f8f-aff7-8d890720fdcb";
  const headers = curl(
    "--dump-header",
    "-",
    "--output",
    "/dev/null",
    `${server.url}/plain/scan?id=${id}`,
  ).toString();
  expect(headers).toMatch(/^x-offset: 7\r$/im);
});

describe("a server that is started on a folder of the Go NetLog", () => {
  test("serves none of its topics, and says what to do", async () => {
    const server = await builtServerForTest(unpackGoData(), NO_MONITOR);
    expect(await server.logged("listening on ")).toMatchObject({ topics: 0, failed: 6 });
    const refused = server.logLines().filter(({ msg }) => msg === "this topic cannot be served");
    expect(refused.map(({ topic }) => topic).toSorted()).toEqual([
      "empty",
      "gzip",
      "none",
      "plain",
      "segments",
      "snappy",
    ]);
    for (const line of refused) {
      // A line of its own: no stack of a trouble that the reason explains.
      expect(line).toMatchObject({ reason: expect.stringContaining("`netlog import <this data folder>") });
      expect(line).not.toHaveProperty("err");
    }
    const { status, stdout } = spawnSync("curl", ["--silent", `${server.url}/plain/payload/0`], {
      encoding: "utf8",
    });
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ status: 503, error: expect.any(String) });
    await server.stop();
  });

  test("leaves it as it was: it can be imported afterwards, also when the server was killed", async () => {
    const source = unpackGoData();
    const before = contentOf(source);
    const server = await builtServerForTest(source, NO_MONITOR);
    await server.kill();
    const folder = join(temporaryFolder(), "data");
    const { status, stdout } = await runProgram(["import", source, "--dir", folder]);
    expect(stdout).toMatch(/\ndone: 6 topics with 148 messages imported, /);
    expect(status).toBe(0);
    expect(contentOf(source)).toEqual(before);
  });
});

test("an import into the folder of a running server is refused, and nothing comes of it", async () => {
  const folder = temporaryFolder();
  const server = await builtServerForTest(folder);
  const { status, stderr } = await runProgram(["import", unpackGoData(), "--dir", folder]);
  expect(status).toBe(1);
  expect(stderr).toMatch(/^netlog: the data folder .* is in use by another server\n$/);
  expect(JSON.parse(curl(server.url).toString())).toEqual([]);
});

test("server/README.md's commands for users of the Go NetLog do what they say", async () => {
  const [block = ""] = codeBlocks(
    section(projectText("server/README.md"), "Coming from the Go NetLog"),
    "bash",
  );
  const commands = block.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  const [all = "", some = "", serve = "", ...more] = commands;
  expect(more).toEqual([]);
  const place = temporaryFolder();
  cpSync(unpackGoData(), join(place, "netlog-data"), { recursive: true });
  for (const [from, to] of [
    ["gzip", "orders"],
    ["none", "invoices"],
  ] as const) {
    cpSync(join(place, "netlog-data", from), join(place, "netlog-data", to), { recursive: true });
  }
  const run = (command: string) => {
    const inPlace = command.replace("cmd/netlog.cjs", join(PROJECT_ROOT, "cmd/netlog.cjs"));
    return spawnSync("bash", ["-c", inPlace], { cwd: place, encoding: "utf8" });
  };
  expect(run(some)).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(/imported: invoices.*\n(.*\n)*imported: orders/),
  });
  const again = run(all);
  expect(again.stdout).toMatch(
    /imported: empty.*\n(.*\n)*not imported: orders: there is a topic of this name already\n/,
  );
  expect(again.status).toBe(1);
  // What npm start is given behind the two dashes is what the program is given.
  const flags = serve.replace("npm start -- ", "").split(" ");
  expect(flags[0]).toBe("--dir");
  const server = await builtServerForTest(join(place, flags[1] ?? ""), NO_MONITOR);
  expect(JSON.parse(curl(server.url).toString())).toHaveLength(8);
});
