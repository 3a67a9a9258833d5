/** The project's own files, as tests read them: packages, and the parts of Markdown that must agree with code. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

export const PROJECT_ROOT: string = fileURLToPath(new URL("../..", import.meta.url));

export interface PackageJson {
  readonly bin: Readonly<Record<string, string>>;
  readonly files: readonly string[];
  readonly engines: { readonly node: string };
  readonly license: string;
  readonly version: string;
  readonly scripts: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly optionalDependencies: Readonly<Record<string, string>>;
}

/** A file's text, by its path from the project's root. */
export function projectText(path: string): string {
  return readFileSync(`${PROJECT_ROOT}${path}`, "utf8");
}

export function packageJson(): PackageJson {
  return JSON.parse(projectText("package.json")) as PackageJson;
}

/** What stands between the heading `## <title>` and the next one of its level. */
export function section(markdown: string, title: string): string {
  const [, text] = markdown.split(`\n## ${title}\n`);
  if (text === undefined) throw new Error(`no section "${title}"`);
  return text.split(/\n## /)[0]!;
}

/** The cells of the table under a header row, its alignment row left out. Code spans lose their backticks. */
export function tableRows(markdown: string): string[][] {
  const rows = markdown.split("\n").filter((line) => line.startsWith("|"));
  return rows.slice(2).map((row) => {
    const cells = row
      .replace(/^\|/, "")
      .replace(/\|$/, "")
      .split(/(?<!\\)\|/);
    return cells.map((cell) => cell.trim().replace(/^`([^`]*)`$/, "$1"));
  });
}

/** The contents of all fenced blocks of `language`, in order. */
export function codeBlocks(markdown: string, language: string): string[] {
  const blocks = markdown.matchAll(/^```(\w*)\n(.*?)^```$/gms);
  return [...blocks].filter(([, named]) => named === language).map(([, , text = ""]) => text);
}

/**
 * The commands of the one bash block of a section, for a server that listens on `port`: without comments, and with the
 * lines of a loop or a subshell as one command.
 */
export function bashCommands(markdown: string, title: string, port: number): string[] {
  const [block = "", ...more] = codeBlocks(section(markdown, title), "bash");
  if (more.length > 0) throw new Error(`"${title}" has several bash blocks`);
  return commandsIn(block, port);
}

/** The same, of a block. */
export function commandsIn(block: string, port: number): string[] {
  const lines = block.replaceAll("localhost:7200", `localhost:${port}`).split("\n");
  const commands: string[] = [];
  let isOpen = false;
  for (const line of lines.filter((line) => line !== "" && !line.startsWith("#"))) {
    if (isOpen) commands.push(`${commands.pop()}\n${line}`);
    else commands.push(line);
    if (line === "(" || line === ")") isOpen = line === "(";
  }
  return commands;
}
