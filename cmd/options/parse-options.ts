/**
 * Finds the values of options: flags win over the environment, the environment over the configuration file, the file
 * over defaults. Every value that was given must be right, even where another one wins over it.
 */

import { type Chosen, chooseValues, readVariables } from "../cli/choose-values.ts";
import { closest } from "../cli/closest.ts";
import {
  ENVIRONMENT_PREFIX,
  environmentNameOf,
  type GivenOptions,
  type Option,
  type OptionTable,
} from "../cli/option.ts";
import { readArguments } from "../cli/read-arguments.ts";
import { UsageError } from "../cli/usage-error.ts";
import { CLIENT_VARIABLES, JOB_HEADER_PREFIX } from "../cli/variables.ts";
import { readConfigFile } from "./config-file.ts";
import { optionConflict, SERVE_OPTIONS, type ServeOptions } from "./options.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** What was given: the options, and the arguments that are no flags, in order. */
export interface Parsed<Values> extends Chosen<Values> {
  readonly operands: readonly string[];
}

/**
 * For a command that takes nothing but flags.
 *
 * @throws UsageError for an unknown flag, a wrong or missing value, an argument that is no flag.
 */
export function parseOptions<Values>(
  table: OptionTable<Values>,
  args: readonly string[],
  environment: Environment,
): Values {
  return parseOnly(table, args, environment).options;
}

function parseOnly<Values>(
  table: OptionTable<Values>,
  args: readonly string[],
  environment: Environment,
): Parsed<Values> {
  const parsed = parseArguments(table, args, environment);
  const [first] = parsed.operands;
  if (first === undefined) return parsed;
  throw new UsageError(`unexpected argument "${first}"; flags begin with a dash`);
}

/** The options of the server. @throws UsageError also for options that contradict each other. */
export function parseServeOptions(args: readonly string[], environment: Environment): ServeOptions {
  const { options, given } = parseOnly(SERVE_OPTIONS, args, environment);
  const conflict = optionConflict(options, given);
  if (conflict !== undefined) throw new UsageError(conflict);
  return options;
}

/** For a command that takes operands among its flags. @throws UsageError as parseOptions does. */
export function parseArguments<Values>(
  table: OptionTable<Values>,
  args: readonly string[],
  environment: Environment,
): Parsed<Values> {
  const all: readonly Option<unknown>[] = Object.values(table);
  const { flags, operands } = readArguments(all, args);
  refuseSlips(all, environment);
  const variables = readVariables(all, environment);
  const file = readFile(all, [flags, variables]);
  return { ...chooseValues(table, [flags, variables, file]), operands };
}

/**
 * A variable that no option has is left alone unless it looks like a slip: container platforms set some for every
 * service by its name (`NETLOG_PORT`).
 */
function refuseSlips(options: readonly Option<unknown>[], environment: Environment): void {
  const known = [...options, ...Object.values(SERVE_OPTIONS)].map(({ name }) => name);
  for (const variable of Object.keys(environment)) {
    const name = variable.slice(ENVIRONMENT_PREFIX.length).toLowerCase();
    if (!variable.startsWith(ENVIRONMENT_PREFIX) || known.includes(name)) continue;
    if (CLIENT_VARIABLES.includes(variable) || variable.startsWith(JOB_HEADER_PREFIX)) continue;
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
