import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { describe, expect, test } from "vitest";
import { hashToken } from "../../../server/auth/token.ts";
import type { TokenRecord } from "../../../server/auth/token-record.ts";
import { type Ran, runCommand } from "../../support/run-command.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

const NAMED = ["--name", "ci", "--topics", "logs-*", "--rights", "read,write"];

function token(path: string, ...args: readonly string[]): Promise<Ran> {
  return runCommand(["token", ...args, "--token-file", path]);
}

function tokensIn(path: string): TokenRecord[] {
  return (JSON.parse(readFileSync(path, "utf8")) as { tokens: TokenRecord[] }).tokens;
}

function file(): string {
  return `${temporaryFolder()}/tokens.json`;
}

describe("netlog token create", () => {
  test("says whom a token stands for; one of a user needs no topics and rights", async () => {
    const path = file();
    const identity = ["--user", "ana", "--domains", "d1,d2", "--platform-admin"];
    expect((await token(path, "create", "--name", "ana", ...identity)).status).toBe(0);
    expect(tokensIn(path)).toMatchObject([
      { topics: [], rights: [], user: "ana", domains: ["d1", "d2"], platform_admin: true },
    ]);
    const without = await token(path, "create", "--name", "bo", "--domains", "d1");
    expect([without.status, without.err]).toEqual([
      2,
      expect.stringContaining("topics takes 1 to 100 patterns"),
    ]);
    expect((await token(path, "list")).out).toContain("ana");
  });

  test("prints a token once, and keeps its hash, in a file for its owner alone", async () => {
    const path = file();
    const { status, out, err } = await token(path, "create", ...NAMED);
    expect({ status, err }).toEqual({ status: 0, err: expect.stringContaining(`--token-file ${path}`) });
    expect(out).toMatch(/^netlog_[A-Za-z0-9_-]{43}\n$/);
    const secret = out.trim();
    expect(tokensIn(path)).toEqual([
      {
        name: "ci",
        hash: `sha256:${hashToken(secret)}`,
        topics: ["logs-*"],
        rights: ["read", "write"],
        created: expect.stringMatching(/^\d{4}-.*Z$/),
      },
    ]);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readFileSync(path, "utf8") + err).not.toContain(secret);
  });

  test("adds to what is there, and leaves that as it is", async () => {
    const path = file();
    await token(path, "create", ...NAMED);
    const [first] = tokensIn(path);
    chmodSync(path, 0o644);
    const { status } = await token(
      path,
      "create",
      "b",
      "--topics=a",
      "--topics",
      "b",
      "--rights=admin",
      "--expires=1day",
    );
    expect(status).toBe(0);
    const [before, added] = tokensIn(path);
    expect(before).toEqual(first);
    expect(added).toMatchObject({ name: "b", topics: ["a", "b"], rights: ["admin"] });
    expect(Date.parse(added?.expires ?? "") - Date.parse(added?.created ?? "")).toBe(86_400_000);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test("changes the file that a link points to, and keeps the link", async () => {
    const path = file();
    const link = `${temporaryFolder()}/link.json`;
    await token(path, "create", ...NAMED);
    symlinkSync(path, link);
    await token(link, "revoke", "ci");
    expect(tokensIn(path)).toEqual([]);
    expect(existsSync(link)).toBe(true);
  });

  test.each([
    [["create"], "name takes 1 to 128 of"],
    [["create", "a b", "--topics", "x", "--rights", "read"], "name takes 1 to 128 of"],
    [["create", "a", "--rights", "read"], "topics takes 1 to 100 patterns"],
    [["create", "a", "--topics", "a/b", "--rights", "read"], "topics takes 1 to 100 patterns"],
    [["create", "a", "--topics", "x"], "rights takes some of read, write, admin"],
    [
      ["create", "a", "--topics", "x", "--rights", "reed"],
      '--rights: "reed" is not allowed; it takes some of read,',
    ],
    [["create", "a", "--topics", "x", "--rights", "read", "--expires", "0s"], "--expires"],
    [["create", "a", "--topics", "x", "--rights", "read", "--expires", "9000000day"], "--expires"],
    [["create", "a", "b"], 'unexpected argument "b"'],
    [["revoke"], "revoke needs the name of a token"],
    [["make"], "token takes create, list or revoke"],
    [["toString"], "token takes create, list or revoke"],
    [[], "token takes create, list or revoke"],
  ])("refuses what cannot be meant, and touches nothing: %j", async (args, reason) => {
    const path = file();
    const { status, out, err } = await token(path, ...args);
    expect({ status, out, isThere: existsSync(path) }).toEqual({ status: 2, out: "", isThere: false });
    expect(err).toMatch(/^netlog: [^\n]+\n$/);
    expect(err).toContain(reason);
  });

  test("leaves a file as it was that it cannot use, or that another command is changing", async () => {
    const path = file();
    await token(path, "create", ...NAMED);
    const before = readFileSync(path, "utf8");
    const tries: readonly (readonly [() => void, string])[] = [
      [() => {}, "there is a token ci already"],
      [() => writeFileSync(`${path}.tmp`, ""), `is being changed by another command; if there is none`],
      [() => writeFileSync(path, '{"tokens":'), "cannot be used: it is not JSON"],
    ];
    for (const [prepare, reason] of tries) {
      prepare();
      const { status, out, err } = await token(path, "create", ...NAMED);
      expect({ status, out }).toEqual({ status: 1, out: "" });
      expect(err).toContain(reason);
      if (existsSync(`${path}.tmp`)) {
        const { rmSync } = await import("node:fs");
        rmSync(`${path}.tmp`);
      }
    }
    expect(before).toContain('"ci"');
    expect(readFileSync(path, "utf8")).toBe('{"tokens":');
    expect(existsSync(`${path}.tmp`)).toBe(false);
  });

  test("tells what the system refuses in one line", async () => {
    const folder = temporaryFolder();
    const missing = await token(`${folder}/no/tokens.json`, "create", ...NAMED);
    expect(missing.status).toBe(1);
    expect(missing.err).toBe(`netlog: the token file ${folder}/no/tokens.json cannot be written (ENOENT)\n`);
    mkdirSync(`${folder}/is-folder`);
    const { status, err } = await token(`${folder}/is-folder`, "create", ...NAMED);
    expect({ status, err }).toEqual({ status: 1, err: expect.stringContaining("is no regular file") });
  });
});

describe("netlog token list", () => {
  test("tells who has which rights, and never a hash", async () => {
    const path = file();
    await token(path, "create", ...NAMED);
    await token(path, "create", "backup", "--topics", "*", "--rights", "read", "--expires", "1year");
    const { status, out } = await token(path, "list");
    expect(status).toBe(0);
    const lines = out.trimEnd().split("\n");
    expect(lines[0]).toMatch(/^NAME +TOPICS +RIGHTS +CREATED +EXPIRES$/);
    expect(lines[1]).toMatch(/^ci +logs-\* +read,write +\d{4}-\S+Z +never$/);
    expect(lines[2]).toMatch(/^backup +\* +read +\d{4}-\S+Z +\d{4}-\S+Z$/);
    const json = await token(path, "list", "--json");
    expect(JSON.parse(json.out.split("\n")[0] ?? "")).toMatchObject({
      name: "ci",
      rights: ["read", "write"],
    });
    expect(out + json.out).not.toContain("sha256");
  });

  test("fails where there is no file", async () => {
    const path = file();
    const { status, err } = await token(path, "list");
    expect({ status, err }).toEqual({ status: 1, err: `netlog: the token file ${path} does not exist\n` });
  });
});

describe("netlog token revoke", () => {
  test.each(["revoke", "delete"])("%s takes one token out", async (verb) => {
    const path = file();
    await token(path, "create", ...NAMED);
    await token(path, "create", "b", "--topics", "x", "--rights", "read");
    expect((await token(path, verb, "ci")).status).toBe(0);
    expect(tokensIn(path).map(({ name }) => name)).toEqual(["b"]);
    const { status, err } = await token(path, verb, "--name", "ci");
    expect({ status, err }).toEqual({ status: 1, err: expect.stringContaining("there is no token ci") });
  });
});

test("the file may be named by the environment, or by the server's configuration", async () => {
  const path = file();
  const config = `${temporaryFolder()}/netlog.toml`;
  writeFileSync(config, `token_file = ${JSON.stringify(path)}\nsegment_age = "1day"\n`);
  await runCommand(["token", "create", ...NAMED], { environment: { NETLOG_TOKEN_FILE: path } });
  await runCommand(["token", "create", "b", "--topics", "x", "--rights", "read", "--config", config]);
  expect(tokensIn(path).map(({ name }) => name)).toEqual(["ci", "b"]);
});
