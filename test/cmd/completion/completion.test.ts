import { describe, expect, test } from "vitest";
import { COMMAND_GROUPS, COMMANDS } from "../../../cmd/commands.ts";
import { candidatesFor } from "../../../cmd/completion/candidates.ts";
import { runCommand } from "../../support/run-command.ts";

/** Knows one server, where `demo` has the scanners `w1` and `w2`. */
const LOOKUPS = {
  topics: (server: string | null) =>
    Promise.resolve(server === "http://x" ? ["elsewhere"] : ["demo", "logs"]),
  scanners: (_server: string | null, topic: string | undefined) =>
    Promise.resolve(topic === "demo" ? ["w1", "w2"] : []),
};

async function values(line: string): Promise<string> {
  const found = await candidatesFor(line.split(" "), COMMAND_GROUPS, LOOKUPS);
  return [...found.values.map(({ value }) => value), ...(found.files ? ["FILES"] : [])].join(" ");
}

test.each([
  ["pub", "publish"],
  ["s", "serve set scan scanners seek"],
  ["help se", "serve set seek"],
  ["completion ", "bash zsh fish"],
  ["nothing ", ""],
  ["tail ", "demo logs"],
  ["tail d", "demo"],
  ["tail demo ", ""],
  ["tail --server http://x ", "elsewhere"],
  ["tail --server=http://x ", "elsewhere"],
  ["tail demo --no", "--no-follow"],
  ["tail demo --format ", "text json hex raw"],
  ["tail demo --format=", "--format=text --format=json --format=hex --format=raw"],
  ["tail --format=h", "--format=hex"],
  ["tail --meta=d", ""],
  ["seek demo --id=w1", "--id=w1"],
  ["tail -n 5 d", "demo"],
  ["tail --meta demo --format j", "json"],
  ["delete demo ", "demo logs"],
  ["publish demo ", ""],
  ["publish -- --", ""],
  ["seek demo --id ", "w1 w2"],
  ["seek ", "demo logs"],
  ["scan --id w1 ", "demo logs"],
  ["create ", "demo logs"],
  ["set --durability written l", "logs"],
  ["scanners --delete w", ""],
  ["scanners demo --delete w", "w1 w2"],
  ["copy l", "logs FILES"],
  ["copy demo ", "demo logs FILES"],
  ["copy --to-token-from ", "FILES"],
  ["export demo ", "FILES"],
  ["dump ", "FILES"],
  ["serve --dir ", "FILES"],
  ["check ", ""],
])("netlog %s completes to %s", async (line, expected) => {
  expect(await values(line)).toBe(expected);
});

test("every command and every flag is completed", async () => {
  expect(await values("")).toBe(COMMANDS.map(({ name }) => name).join(" "));
  for (const { name, load } of COMMANDS) {
    const { options } = await load();
    const flags = Object.values(options).map((option) => `--${option.name.replaceAll("_", "-")}`);
    expect(await values(`${name} --`), name).toBe(flags.join(" "));
  }
});

describe("netlog completion", () => {
  test("answers the shells' question, also without a server", async () => {
    const environment = { NETLOG_URL: "http://127.0.0.1:4" };
    const ask = (...words: string[]) =>
      runCommand(["completion", "candidates", "--", ...words], { environment });
    expect((await ask("publis")).out).toBe(
      "publish\tPublish messages from arguments, files or standard input\n",
    );
    expect((await ask("copy", "")).out).toBe(":files\n");
    expect(await ask("tail", "")).toEqual({ status: 0, out: "", err: "" });
  });

  test.each([[[]], [["tcsh"]], [["bash", "zsh"]]])("of %j says what it takes", async (args) => {
    expect(await runCommand(["completion", ...args])).toEqual({
      status: 2,
      out: "",
      err: "netlog: completion takes one of bash, zsh, fish\n",
    });
  });
});
