/** Takes the examples out of docstrings and Markdown, and runs them. */
import { spawnSync } from "node:child_process";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { transformSync } from "rolldown/utils";
import { PROJECT_ROOT, projectText } from "../../support/project-files.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

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
const IMPORT = /^import \{ (.*) \} from "(.*)";$/gm;

/** Sources of the client, by their paths from the project's root. */
export function clientSources(): string[] {
  const names = readdirSync(`${PROJECT_ROOT}lib/client`, { recursive: true, encoding: "utf8" });
  return names.filter((name) => name.endsWith(".ts")).map((name) => `lib/client/${name}`);
}

/** The examples in all docstrings of a file. */
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
 * Runs it with these names in scope, imports and types left out; what it logs must be what the comments behind the calls
 * say, in their order, as often as they are reached.
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
  const names = ["console", ...Object.keys(scope)];
  const { code: javascript } = transformSync("example.ts", `async () => {${code.replace(IMPORT, "")}\n};`);
  const run = new AsyncFunction(...names, `await (${javascript.trim().replace(/;$/, "")})()`);
  await run(console, ...Object.values(scope));
  const told = [...code.matchAll(/console\.log\(.*\); \/\/ (.*)$/gm)].map(([, text = ""]) => text);
  const isSame = told.length === logged.length && told.every((text, i) => text === logged[i]);
  if (!isSame) throw new Error(`${place}: says ${JSON.stringify(told)}, logs ${JSON.stringify(logged)}`);
}

/**
 * What the compiler has to say of the examples as strict TypeScript: nothing. `entries` are the sources behind the names
 * of modules, and `ambient` declares what an example need not make itself. `types` are packages of types: none by default,
 * as in a page.
 */
export function compileExamples(
  examples: readonly Example[],
  entries: Readonly<Record<string, { readonly path: string; readonly names: readonly string[] }>>,
  ambient: string,
  types: readonly string[] = [],
): string {
  const folder = temporaryFolder();
  for (const [index, { place, code }] of examples.entries()) {
    const imported = [...code.matchAll(IMPORT)].flatMap(([, names = ""]) => names.split(", "));
    const missing = Object.entries(entries).map(([module, { names }]) => {
      const used = names.filter((name) => new RegExp(`\\b${name}\\b`).test(code) && !imported.includes(name));
      return `import { ${used.join(", ")} } from "${module}";`;
    });
    const imports = [...code.matchAll(IMPORT)].map(([line]) => line);
    const body = `{ // ${place}\n${code.replace(IMPORT, "")}\n}`;
    writeFileSync(join(folder, `${index}.ts`), [...imports, ...missing, ambient, body].join("\n"));
  }
  const paths = Object.entries(entries).map(([module, { path }]) => [module, [`${PROJECT_ROOT}${path}`]]);
  const compilerOptions = {
    strict: true,
    noEmit: true,
    module: "preserve",
    moduleDetection: "force",
    target: "es2023",
    lib: ["es2023", "dom", "dom.asynciterable"],
    types,
    typeRoots: [`${PROJECT_ROOT}node_modules/@types`],
    allowImportingTsExtensions: true,
    paths: Object.fromEntries(paths),
  };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions }));
  const tsc = `${PROJECT_ROOT}node_modules/typescript/bin/tsc`;
  return spawnSync(process.execPath, [tsc, "-p", folder], { encoding: "utf8" }).stdout;
}
