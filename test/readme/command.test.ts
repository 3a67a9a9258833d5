import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { EXIT } from "../../cmd/command.ts";
import { type BuiltServer, builtServerForTest } from "../support/built-program.ts";
import { codeBlocks, PROJECT_ROOT, projectText, tableRows } from "../support/project-files.ts";
import { Shell } from "../support/shell.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const README = projectText("cmd/README.md");
/** Printed when a command is done. */
const DONE = "\u0001done\n";
const ADDRESS = "127.0.0.1:7200";

interface Step {
  readonly command: string;
  readonly printed: string;
}

/** A line that begins with `$ ` is a command, with `> ` its next line; the lines below are what it prints. */
function stepsOf(session: string): Step[] {
  const steps: { command: string; printed: string }[] = [];
  for (const line of session.split(/(?<=\n)/)) {
    const last = steps.at(-1);
    if (line.startsWith("$ ")) steps.push({ command: line.slice(2), printed: "" });
    else if (line.startsWith("> ")) last!.command += line.slice(2);
    else last!.printed += line;
  }
  return steps;
}

/** `…` is anything within a line, and spaces between columns are as many as their cells need. */
function patternOf(printed: string): RegExp {
  const literal = printed.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`^${literal.replaceAll("…", ".*").replace(/ {2,}/g, " +")}$`);
}

/** A bash as in the session: `netlog` in its path, standard error among its output, an empty folder around it. */
async function sessionShell({ port }: BuiltServer): Promise<(step: Step) => Promise<void>> {
  const folder = temporaryFolder();
  mkdirSync(join(folder, "bin"));
  mkdirSync(join(folder, "work"));
  symlinkSync(join(PROJECT_ROOT, "cmd/netlog.cjs"), join(folder, "bin/netlog"));
  const shell = new Shell();
  await shell.run(`cd ${folder}/work; export PATH="${folder}/bin:$PATH"; exec 2>&1`);
  return async ({ command, printed }) => {
    const typed = command.replaceAll(ADDRESS, `127.0.0.1:${port}`);
    // The next command is to see this one's status.
    shell.type(`${typed}status=$?; printf '\\001done\\n'; (exit $status)`);
    const [, found = ""] = await shell.read(new RegExp(`^([^]*?)${DONE}`), command);
    expect(found.replaceAll(`127.0.0.1:${port}`, ADDRESS), command).toMatch(patternOf(printed));
  };
}

test.each([
  ["README.md", 8],
  ["cmd/README.md", 90],
])(
  "the session of %s prints what stands there",
  async (path, least) => {
    const steps = codeBlocks(projectText(path), "console").flatMap(stepsOf);
    expect(steps.length).toBeGreaterThanOrEqual(least);
    const run = await sessionShell(await builtServerForTest(temporaryFolder()));
    for (const step of steps) await run(step);
  },
  300_000,
);

test("the README's exit statuses are the program's", () => {
  const [table = ""] = README.split("| status | when |").slice(1);
  const rows = tableRows(`| status | when |${table.split("\n\n")[0]}`);
  const statuses = rows.map(([status]) => status).filter((status) => status !== "130, 143");
  expect(statuses).toEqual(Object.values(EXIT).map(String));
});

test("the README's completion commands are those that the command prints", () => {
  const [block = ""] = codeBlocks(README, "sh");
  const scripts = projectText("cmd/completion/scripts.ts") + projectText("cmd/completion.ts");
  for (const line of block.trimEnd().split("\n")) expect(scripts).toContain(line);
});
