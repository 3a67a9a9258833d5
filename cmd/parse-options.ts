/**
 * Reads options from arguments and environment, in Go's spellings and in GNU's: `-segment_age 1day`,
 * `-segment_age=1day`, `--segment-age 1day`, `NETLOG_SEGMENT_AGE=1day`. Flags win over the environment.
 * Node's own parseArgs takes `-listen` for seven short flags, so the arguments are walked here.
 */
import { closest } from "./closest.ts";
import { environmentNameOf, flagOf, nameOfFlag, type Option, type OptionTable } from "./option.ts";
import { UsageError } from "./usage-error.ts";

/** A text that was given for an option, and what its giver calls it. */
interface Given {
  readonly source: string;
  readonly text: string;
}

/** What was given: the options, and the arguments that are no flags, in order. */
export interface Parsed<Values> {
  readonly options: Values;
  readonly operands: readonly string[];
}

interface ReadArguments {
  readonly flags: ReadonlyMap<string, Given>;
  readonly operands: readonly string[];
}

/**
 * Of a command that takes nothing but flags. Variables of the environment with names that no option has are left
 * alone: container platforms set such variables for every service by its name (`NETLOG_PORT`).
 *
 * @throws UsageError for an unknown flag, a wrong or missing value, an argument that is no flag.
 */
export function parseOptions<Values>(
  table: OptionTable<Values>,
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Values {
  const { options, operands } = parseArguments(table, args, environment);
  const [first] = operands;
  if (first === undefined) return options;
  throw new UsageError(`unexpected argument "${first}"; flags begin with a dash`);
}

/** Likewise, of a command that takes operands among its flags. @throws UsageError. */
export function parseArguments<Values>(
  table: OptionTable<Values>,
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Parsed<Values> {
  const entries = Object.entries(table) as [string, Option<unknown>][];
  const { flags, operands } = readArguments(
    entries.map(([, option]) => option),
    args,
  );
  const values = entries.map(([key, option]) => [key, chosenValue(option, flags, environment)]);
  return { options: Object.fromEntries(values) as Values, operands };
}

function readArguments(options: readonly Option<unknown>[], args: readonly string[]): ReadArguments {
  const flags = new Map<string, Given>();
  const operands: string[] = [];
  for (let place = 0; place < args.length; place++) {
    const arg = args[place]!;
    if (!/^--?[^-]/.test(arg)) {
      operands.push(arg);
      continue;
    }
    const equals = arg.indexOf("=");
    const typed = equals < 0 ? arg : arg.slice(0, equals);
    const option = requireOption(options, typed);
    let text = arg.slice(equals + 1);
    if (equals < 0 && option.kind === "switch") {
      text = "true";
    } else if (equals < 0) {
      place += 1;
      text = args[place] ?? missingValue(option, typed);
    }
    const before = option.kind === "list" ? flags.get(option.name) : undefined;
    flags.set(option.name, { source: typed, text: before === undefined ? text : `${before.text},${text}` });
  }
  return { flags, operands };
}

function requireOption(options: readonly Option<unknown>[], typed: string): Option<unknown> {
  const name = nameOfFlag(typed);
  const option = options.find((candidate) => candidate.name === name);
  if (option !== undefined) return option;
  const names = options.map((candidate) => candidate.name);
  const near = closest(name, names);
  const hint = near === undefined ? "" : `did you mean ${flagOf(near)}? `;
  throw new UsageError(`unknown flag ${typed}; ${hint}there are ${names.map(flagOf).join(", ") || "none"}`);
}

function missingValue(option: Option<unknown>, typed: string): never {
  throw new UsageError(`${typed} needs a value; it takes ${option.allowed}`);
}

function chosenValue(
  option: Option<unknown>,
  flags: ReadonlyMap<string, Given>,
  environment: Readonly<Record<string, string | undefined>>,
): unknown {
  const { source, text } = flags.get(option.name) ?? fromEnvironment(option, environment);
  const value = option.parse(text);
  if (value !== undefined) return value;
  throw new UsageError(`${source}: "${text}" is not allowed; it takes ${option.allowed}`);
}

/** An empty variable is one that is not set, as compose files and unit files leave it. */
function fromEnvironment(
  option: Option<unknown>,
  environment: Readonly<Record<string, string | undefined>>,
): Given {
  const source = environmentNameOf(option.name);
  return { source, text: environment[source] || option.fallback };
}
