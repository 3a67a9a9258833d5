import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { EXIT } from "../../cmd/cli/command.ts";
import * as identity from "../../lib/client/events/identity.ts";
import * as events from "../../lib/client/events/index.ts";
import * as platform from "../../lib/client/events/platform.ts";
import * as client from "../../lib/client/index.ts";
import { runExample } from "../lib/client/examples.ts";
import { type BuiltServer, builtServerForTest } from "../support/built-program.ts";
import { within } from "../support/deadline.ts";
import {
  codeBlocks,
  commandsIn,
  PROJECT_ROOT,
  projectText,
  section,
  tableRows,
} from "../support/project-files.ts";
import { Shell } from "../support/shell.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const README = projectText("cmd/README.md");
/** Printed when a command is done. */
const DONE = "\u0001done\n";
/** Commands that do not end by themselves, take minutes, build the project, or need an id that was not given out here. */
const GOES_ON = /^npm |^while |^\(\n|wait=|\$SC\b|UUID|tail -f|curl -N/;
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

/** What the examples of the client find around them. */
function clientScope({ url }: BuiltServer): Record<string, unknown> {
  class Local extends client.NetlogClient {
    constructor(_url: string, options: client.NetlogClientOptions = {}) {
      super(url, options);
    }
  }
  return { ...client, ...events, ...platform, ...identity, NetlogClient: Local, netlog: new Local("") };
}

test.each([
  ["README.md", 8],
  ["cmd/README.md", 90],
])("%s shows at least %d commands of a session", (path, least) => {
  expect(codeBlocks(projectText(path), "console").flatMap(stepsOf).length).toBeGreaterThanOrEqual(least);
});

test("the documents, followed one after the other on one server, do what they say", async () => {
  const server = await builtServerForTest(temporaryFolder());
  const shell = new Shell();
  await shell.run(`cd ${temporaryFolder()}`);
  const follow = async (path: string, titles: readonly string[]): Promise<void> => {
    const blocks = titles.flatMap((title) => codeBlocks(section(projectText(path), title), "bash"));
    const commands = blocks.flatMap((block) => commandsIn(block, server.port));
    expect(commands.length).toBeGreaterThan(3);
    for (const command of commands.filter((each) => !GOES_ON.test(each))) {
      expect(await shell.run(command), command).not.toContain('"ok":false');
    }
  };
  const session = await sessionShell(server);
  const converse = async (path: string): Promise<void> => {
    for (const step of codeBlocks(projectText(path), "console").flatMap(stepsOf)) await session(step);
  };

  await follow("README.md", [
    "Quick start",
    "Publish and subscribe in one line each",
    "Workers that share a queue",
    "Following a topic",
  ]);
  await converse("README.md");
  await follow("server/README.md", ["Many messages in", "What a stream brings"]);
  await converse("cmd/README.md");
  for (const path of ["README.md", "lib/client/README.md"]) {
    for (const [index, code] of codeBlocks(projectText(path), "ts").entries()) {
      const place = `${path}, block ${index}`;
      await within(place, runExample({ place, subject: "", code }, clientScope(server)));
    }
  }
}, 300_000);

test("the README's exit statuses are the program's", () => {
  const [table = ""] = README.split("| status | when |").slice(1);
  const rows = tableRows(`| status | when |${table.split("\n\n")[0]}`);
  const statuses = rows.map(([status]) => status).filter((status) => status !== "130, 143");
  expect(statuses).toEqual(Object.values(EXIT).map(String));
});

test("the README's completion commands are those that the command prints", () => {
  const [block = ""] = codeBlocks(section(README, "Completion"), "sh");
  const scripts = projectText("cmd/completion/scripts.ts") + projectText("cmd/completion/completion.ts");
  for (const line of block.trimEnd().split("\n")) expect(scripts).toContain(line);
});
