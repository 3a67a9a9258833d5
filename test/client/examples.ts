/** Takes the examples out of docstrings and Markdown, and runs them. */
import { readdirSync } from "node:fs";
import { PROJECT_ROOT, projectText } from "../support/project-files.ts";

export interface Example {
  /** The file and the line it begins at. */
  readonly place: string;
  /** What it documents: the first line of code after its docstring. */
  readonly subject: string;
  readonly code: string;
}

const AsyncFunction = (async () => {}).constructor as new (
  ...args: string[]
) => (...values: unknown[]) => Promise<void>;

/** Sources of the client, by their paths from the project's root. */
export function clientSources(): string[] {
  const names = readdirSync(`${PROJECT_ROOT}lib/client`, { recursive: true, encoding: "utf8" });
  return names.filter((name) => name.endsWith(".ts")).map((name) => `lib/client/${name}`);
}

/** Of all docstrings of a file. */
export function docstringExamples(path: string): Example[] {
  const text = projectText(path);
  return [...text.matchAll(/\/\*\*((?:(?!\*\/).)*?)@example\n((?:(?!\*\/).)*)\*\/\n\s*([^\n]*)/gs)].map(
    ({ index, 2: body = "", 3: subject = "" }) => ({
      place: `${path}:${text.slice(0, index).split("\n").length}`,
      subject,
      code: body.replace(/^ *\* ?/gm, "").trimEnd(),
    }),
  );
}

/**
 * Runs it with these names in scope, imports left out; what it logs must be what the comments behind the calls say, in
 * their order, as often as they are reached.
 */
export async function runExample(
  { code, place }: Example,
  scope: Readonly<Record<string, unknown>>,
): Promise<void> {
  const logged: string[] = [];
  const console = {
    log: (...values: unknown[]) => logged.push(values.map(String).join(" ")),
    warn: (text: string) => logged.push(text),
  };
  const imported = [...code.matchAll(/^import \{ (.*) \} from "netlog\/client.*";$/gm)];
  for (const name of imported.flatMap(([, names = ""]) => names.split(", "))) {
    if (!(name in scope)) throw new Error(`${place}: imports ${name}, which is not there`);
  }
  const names = ["console", ...Object.keys(scope)];
  const run = new AsyncFunction(...names, `{${code.replace(/^import .*$/gm, "")}\n}`);
  await run(console, ...Object.values(scope));
  const told = [...code.matchAll(/console\.log\(.*\); \/\/ (.*)$/gm)].map(([, text = ""]) => text);
  const isSame = told.length === logged.length && told.every((text, i) => text === logged[i]);
  if (!isSame) throw new Error(`${place}: says ${JSON.stringify(told)}, logs ${JSON.stringify(logged)}`);
}
