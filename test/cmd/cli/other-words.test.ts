import { describe, expect, test } from "vitest";
import { COMMAND_WORDS, FLAG_WORDS } from "../../../cmd/cli/other-words.ts";
import { COMMANDS } from "../../../cmd/commands.ts";
import { runCommand } from "../../support/run-command.ts";

describe("words of other programs", () => {
  test.each([
    ["ls", "did you mean topics? "],
    ["pub demo hello", "did you mean publish? "],
    ["consume demo", "did you mean tail or scan? "],
    ["help ls", "did you mean topics? "],
    ["--port 7300", "did you mean --listen? it takes host:port, such as 127.0.0.1:7200, "],
    ["-p 7300", "unknown flag -p; did you mean --listen? "],
    ["serve --port=7300", "unknown flag --port; did you mean --listen? "],
    ["topics --port 7300", "unknown flag --port; did you mean --server? it takes an http or https URL "],
    ["tail demo --limit 3", "unknown flag --limit; did you mean --count? it takes a whole number from 1\n"],
    [
      "topics --token secret",
      "unknown flag --token; did you mean --token-from? it takes the path of a file\n",
    ],
  ])("netlog %s is answered with the word that is meant", async (args, hint) => {
    const { status, out, err } = await runCommand(args.split(" "));
    expect({ status, out }).toEqual({ status: 2, out: "" });
    expect(err).toContain(hint);
  });

  test("stand for commands and flags that there are, and are none themselves", async () => {
    const commands = COMMANDS.map(({ name }) => name);
    for (const [word, meant] of Object.entries(COMMAND_WORDS)) {
      expect(commands).toEqual(expect.arrayContaining([...meant]));
      expect(commands).not.toContain(word);
    }
    const loaded = await Promise.all(COMMANDS.map(({ load }) => load()));
    const flags = loaded.flatMap(({ options }) => Object.values(options)).map(({ name }) => name);
    for (const meant of Object.values(FLAG_WORDS)) expect(flags).toEqual(expect.arrayContaining([...meant]));
  });
});

/** What Node makes of bytes that are not UTF-8. */
const BROKEN = "caf\ufffd";

describe("what is not UTF-8 is refused, since its bytes are lost", () => {
  test.each([
    [["publish", "demo", "sound", BROKEN], `the argument "${BROKEN}"`],
    [["publish", "demo", "--", BROKEN], `the argument "${BROKEN}"`],
    [["scan", "demo", "--id", "me", "--exec", BROKEN], `the value of --exec, "${BROKEN}"`],
    [["config", `-dir=${BROKEN}`], `the value of -dir, "${BROKEN}"`],
  ])("%j", async (args, what) => {
    const { status, out, err } = await runCommand(args);
    expect({ status, out }).toEqual({ status: 2, out: "" });
    expect(err).toBe(
      `netlog: ${what} is not UTF-8 (or holds U+FFFD), so that its bytes do not reach netlog; ` +
        "publish takes any bytes on standard input or from a file\n",
    );
  });

  test("also in a variable", async () => {
    const { err } = await runCommand(["config"], { environment: { NETLOG_DIR: BROKEN } });
    expect(err).toContain(`the value of NETLOG_DIR, "${BROKEN}" is not UTF-8`);
  });
});
