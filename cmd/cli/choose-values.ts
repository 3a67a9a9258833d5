/** Turns the texts that were given for options into values. */
import { type Given, type GivenOptions, type Option, type OptionTable, variableOf } from "./option.ts";
import { requireUtf8 } from "./require-utf8.ts";
import { UsageError } from "./usage-error.ts";

export interface Chosen<Values> {
  readonly options: Values;
  /** The source that won, for each option by its name. */
  readonly given: GivenOptions;
}

/** The first source that has an option wins; the last one is its default. @throws UsageError for any text that is wrong. */
export function chooseValues<Values>(
  table: OptionTable<Values>,
  sources: readonly GivenOptions[],
): Chosen<Values> {
  const given = new Map<string, Given>();
  const entries = Object.entries(table) as [string, Option<unknown>][];
  const values = entries.map(([key, option]) => {
    const { name, fallback } = option;
    const texts = sources.map((source) => source.get(name)).filter((found) => found !== undefined);
    const all: Given[] = [...texts, { origin: "default", source: "default", text: fallback }];
    const parsed = all.map((candidate) => parsedValue(option, candidate));
    given.set(name, all[0]!);
    return [key, parsed[0]];
  });
  return { options: Object.fromEntries(values) as Values, given };
}

function parsedValue(option: Option<unknown>, { source, text }: Given): unknown {
  requireUtf8(text, `the value of ${source},`);
  const value = option.parse(text);
  if (value !== undefined) return value;
  throw new UsageError(
    `${source}: "${option.hide?.(text) ?? text}" is not allowed; it takes ${option.allowed}`,
  );
}

/** An empty variable is one that is not set, as compose files and unit files leave it. */
export function readVariables(
  options: readonly Option<unknown>[],
  environment: Readonly<Record<string, string | undefined>>,
): GivenOptions {
  const given = new Map<string, Given>();
  for (const option of options) {
    const source = variableOf(option);
    const text = source === undefined ? "" : (environment[source] ?? "");
    if (source !== undefined && text !== "") given.set(option.name, { origin: "environment", source, text });
  }
  return given;
}
