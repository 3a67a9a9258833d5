/**
 * The configuration file: TOML, or JSON where its name ends in .json, with a key for each option that it sets, and no
 * tables. An error names the file and the key or line, also where a flag or the environment sets the same option.
 */
import { readFileSync } from "node:fs";
import { parse as parseToml, TomlError } from "smol-toml";
import { JsonError, parseJson } from "../../lib/values.ts";
import { type Given, type GivenOptions, hintFor, nameOfFlag, type Option } from "../cli/option.ts";
import { UsageError } from "../cli/usage-error.ts";
import { LIMITS } from "./limits.ts";

/**
 * What the file at `path` sets. `options` may stand in it.
 *
 * @throws UsageError: the file cannot be read, is not valid, or has an unknown key or a wrong value.
 */
export function readConfigFile(path: string, options: readonly Option<unknown>[]): GivenOptions {
  const given = new Map<string, Given>();
  for (const [key, value] of Object.entries(parseFile(path))) {
    const name = nameOfFlag(key);
    const option = options.find((candidate) => candidate.name === name);
    if (option === undefined) {
      throw new UsageError(`${path}: unknown key ${JSON.stringify(key)}; ${hintFor(name, options, String)}`);
    }
    if (given.has(name)) throw new UsageError(`${path}: ${name} is set twice`);
    const text = textOf(option, value);
    if (text === undefined || option.parse(text) === undefined) {
      throw new UsageError(
        `${path}: ${key}: ${option.hide?.(shown(value)) ?? shown(value)} is not allowed; it takes ${option.allowed}`,
      );
    }
    given.set(name, { origin: "file", source: path, text });
  }
  return given;
}

function parseFile(path: string): Readonly<Record<string, unknown>> {
  const text = readText(path);
  const isJson = path.toLowerCase().endsWith(".json");
  let parsed: unknown;
  try {
    parsed = isJson ? parseJson(text, LIMITS.jsonDepth) : parseToml(text);
  } catch (error) {
    if (error instanceof TomlError)
      throw new UsageError(`${path}:${error.line}:${error.column}: ${firstLine(error)}`);
    if (error instanceof JsonError) throw new UsageError(`${path}: this is ${error.message}`);
    throw error;
  }
  if (typeof parsed === "object" && parsed !== null && !Array.isArray(parsed)) return { ...parsed };
  throw new UsageError(`${path}: a JSON object is needed, such as {"listen": ":7200"}`);
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8").replace(/^\uFEFF/, "");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? ` (${String(error.code)})` : "";
    throw new UsageError(`the configuration file ${path} cannot be read${code}`);
  }
}

/** TomlError's message shows the place in several lines. */
function firstLine(error: Error): string {
  return error.message.split("\n", 1)[0]!;
}

/** As it would be typed on the command line; `undefined` for a type that the option does not have. */
function textOf({ kind }: Option<unknown>, value: unknown): string | undefined {
  if (typeof value === "string") return value;
  if (kind === "number" && typeof value === "number") return String(value);
  if (kind === "switch" && typeof value === "boolean") return String(value);
  if (kind === "list" && Array.isArray(value) && value.every(isListPart)) return value.join(",");
  return undefined;
}

function isListPart(part: unknown): boolean {
  return typeof part === "string" && !part.includes(",");
}

function shown(value: unknown): string {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? "a table or date"
    : JSON.stringify(value, (_key, part: unknown) => (typeof part === "bigint" ? String(part) : part));
}
