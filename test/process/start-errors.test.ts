import { chmodSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { builtServerForTest, runProgram } from "../support/built-program.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

/** `nobody` on most systems; any user will do that is not root. */
const OTHER_UID = 65_534;

/** What the program says when it cannot start: one line on stderr, and status 1. */
async function refusal(args: readonly string[], uid?: number): Promise<string> {
  const { status, stdout, stderr } = await runProgram(["serve", ...args], uid === undefined ? {} : { uid });
  expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
  expect(stderr).toMatch(/^netlog: [^\n]+\n$/);
  return stderr.slice("netlog: ".length, -1);
}

const FREE_PORT = ["-listen", "127.0.0.1:0"];

describe("the data folder", () => {
  test("is a file", async () => {
    const path = `${temporaryFolder()}/file`;
    writeFileSync(path, "");
    expect(await refusal([...FREE_PORT, "-dir", path])).toBe(`the data folder ${path} is not a folder`);
  });

  test("cannot be made", async () => {
    const file = `${temporaryFolder()}/file`;
    writeFileSync(file, "");
    const path = `${file}/missing/data`;
    expect(await refusal([...FREE_PORT, "-dir", path])).toContain(`the data folder ${path} cannot be made`);
  });

  test("is made with the folders around it", async () => {
    const path = `${temporaryFolder()}/var/lib/netlog`;
    const { url } = await builtServerForTest(path);
    expect((await fetch(`${url}/t`, { method: "POST" })).status).toBe(201);
    expect(existsSync(`${path}/t`)).toBe(true);
  });

  test("is not writable", async () => {
    const path = `${temporaryFolder()}/data`;
    mkdirSync(path);
    const isRoot = process.getuid?.() === 0;
    chmodSync(path, 0o555);
    if (isRoot) chmodSync(`${path}/..`, 0o755);
    const line = await refusal([...FREE_PORT, "-dir", path], isRoot ? OTHER_UID : undefined);
    expect(line).toBe(
      `the data folder ${path} is not writable (EACCES): ` +
        "give this program's user the right to write there, or choose another folder with --dir",
    );
  });

  test("is in use by another server", async () => {
    const folder = temporaryFolder();
    const { url } = await builtServerForTest(folder);
    expect(await refusal([...FREE_PORT, "-dir", folder])).toBe(
      `the data folder ${folder} is in use by another server`,
    );
    expect((await fetch(url)).status).toBe(200);
  });
});

describe("the address", () => {
  test("is in use, and the data folder is free again afterwards", async () => {
    const other = createServer();
    onTestFinished(() => void other.close());
    await new Promise<void>((resolve) => {
      other.listen(0, "127.0.0.1", resolve);
    });
    const { port } = other.address() as { port: number };
    const folder = temporaryFolder();
    const args = ["-dir", folder, "-listen", `127.0.0.1:${port}`];
    expect(await refusal(args)).toBe(
      `cannot listen on 127.0.0.1:${port}: another program listens there; choose another port with --listen`,
    );
    expect(existsSync(folder)).toBe(true);
    await builtServerForTest(folder);
    // Folders that were made for this start do not stay.
    const around = `${temporaryFolder()}/var`;
    await refusal(["-dir", `${around}/netlog/data`, "-listen", `127.0.0.1:${port}`]);
    expect(existsSync(around)).toBe(false);
  });

  test("is not this machine's", async () => {
    // TEST-NET-1, set aside for documentation.
    expect(await refusal(["-dir", temporaryFolder(), "-listen", "192.0.2.1:0", "--insecure"])).toBe(
      "cannot listen on 192.0.2.1:0: this machine has no such address",
    );
  });

  test("is a name that nobody has", async () => {
    const line = await refusal(["-dir", temporaryFolder(), "-listen", "nobody.invalid:0"]);
    expect(line).toMatch(/^cannot listen on nobody\.invalid:0: .*host name/);
  });
});

test("a wrong flag ends the program with status 2 before it touches anything", async () => {
  const folder = `${temporaryFolder()}/data`;
  const { status, stderr } = await runProgram(["-dir", folder, "-compression", "gzip"]);
  expect(status).toBe(2);
  expect(stderr).toMatch(/^netlog: -compression: "gzip" is not allowed; it takes 0 .*\n$/);
  expect(existsSync(folder)).toBe(false);
});

test("netlog --version prints the version of package.json", async () => {
  const { status, stdout, stderr } = await runProgram(["--version"]);
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  expect(stdout).toMatch(/^netlog \d+\.\d+\.\d+\n$/);
});
