/**
 * Finds the values of options: flags win over the environment, the environment over the configuration file, the file
 * over defaults. Every value that was given must be right, also one that another wins over.
 */

import { CLIENT_VARIABLES } from "./client/variables.ts";
import { closest } from "./closest.ts";
import { readConfigFile } from "./config-file.ts";
import {
  ENVIRONMENT_PREFIX,
  environmentNameOf,
  type Given,
  type GivenOptions,
  type Option,
  type OptionTable,
  variableOf,
} from "./option.ts";
import { optionConflict, SERVE_OPTIONS, type ServeOptions } from "./options.ts";
import { readArguments } from "./read-arguments.ts";
import { UsageError } from "./usage-error.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** What was given: the options, and the arguments that are no flags, in order. */
export interface Parsed<Values> {
  readonly options: Values;
  readonly operands: readonly string[];
  /** Of every option, by name, the one that won. */
  readonly given: GivenOptions;
}

/**
 * Of a command that takes nothing but flags.
 *
 * @throws UsageError for an unknown flag, a wrong or missing value, an argument that is no flag.
 */
export function parseOptions<Values>(
  table: OptionTable<Values>,
  args: readonly string[],
  environment: Environment,
): Values {
  const { options, operands } = parseArguments(table, args, environment);
  const [first] = operands;
  if (first === undefined) return options;
  throw new UsageError(`unexpected argument "${first}"; flags begin with a dash`);
}

/** Those of the server. @throws UsageError also for what cannot be meant together. */
export function parseServeOptions(args: readonly string[], environment: Environment): ServeOptions {
  const options = parseOptions(SERVE_OPTIONS, args, environment);
  const conflict = optionConflict(options);
  if (conflict !== undefined) throw new UsageError(conflict);
  return options;
}

/** Likewise, of a command that takes operands among its flags. @throws UsageError. */
export function parseArguments<Values>(
  table: OptionTable<Values>,
  args: readonly string[],
  environment: Environment,
): Parsed<Values> {
  const entries = Object.entries(table) as [string, Option<unknown>][];
  const options = entries.map(([, option]) => option);
  const { flags, operands } = readArguments(options, args);
  const variables = readEnvironment(options, environment);
  const file = readFile(options, [flags, variables]);
  const given = new Map<string, Given>();
  const values = entries.map(([key, option]) => {
    const { name, fallback } = option;
    const texts = [flags, variables, file]
      .map((source) => source.get(name))
      .filter((found) => found !== undefined);
    const all: Given[] = [...texts, { origin: "default", source: "default", text: fallback }];
    const parsed = all.map((candidate) => parsedValue(option, candidate));
    given.set(name, all[0]!);
    return [key, parsed[0]];
  });
  return { options: Object.fromEntries(values) as Values, operands, given };
}

function parsedValue(option: Option<unknown>, { source, text }: Given): unknown {
  const value = option.parse(text);
  if (value !== undefined) return value;
  throw new UsageError(`${source}: "${text}" is not allowed; it takes ${option.allowed}`);
}

/**
 * An empty variable is one that is not set, as compose files and unit files leave it. A variable that no option has is
 * left alone unless it looks like a slip: container platforms set some for every service by its name (`NETLOG_PORT`).
 */
function readEnvironment(options: readonly Option<unknown>[], environment: Environment): GivenOptions {
  refuseSlips(options, environment);
  const given = new Map<string, Given>();
  for (const option of options) {
    const source = variableOf(option);
    const text = source === undefined ? "" : (environment[source] ?? "");
    if (source !== undefined && text !== "") given.set(option.name, { origin: "environment", source, text });
  }
  return given;
}

function refuseSlips(options: readonly Option<unknown>[], environment: Environment): void {
  const known = [...options, ...Object.values(SERVE_OPTIONS)].map(({ name }) => name);
  for (const variable of Object.keys(environment)) {
    const name = variable.slice(ENVIRONMENT_PREFIX.length).toLowerCase();
    if (!variable.startsWith(ENVIRONMENT_PREFIX) || known.includes(name)) continue;
    if (CLIENT_VARIABLES.includes(variable)) continue;
    const near = closest(name, known);
    if (near === undefined) continue;
    throw new UsageError(`unknown variable ${variable}; did you mean ${environmentNameOf(near)}?`);
  }
}

/** The file may set more than the command at hand takes: it is the server's. */
function readFile(options: readonly Option<unknown>[], sources: readonly GivenOptions[]): GivenOptions {
  const { config, ...settable } = SERVE_OPTIONS;
  if (!options.includes(config)) return new Map();
  const path =
    sources.map((source) => source.get(config.name)).find((found) => found !== undefined)?.text ?? "";
  return path === "" ? new Map() : readConfigFile(path, Object.values(settable));
}
