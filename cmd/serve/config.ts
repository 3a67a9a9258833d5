/** `netlog config`: what the server would run with, and where each value comes from; a configuration file in itself. */
import { stringify } from "smol-toml";
import { type Command, type Context, EXIT } from "../cli/command.ts";
import type { Given, GivenOptions, Option, OptionTable } from "../cli/option.ts";
import { JSON_OPTION } from "../cli/switch-option.ts";
import { UsageError } from "../cli/usage-error.ts";
import { optionConflict, SERVE_OPTIONS, type ServeOptions } from "../options/options.ts";
import { parseArguments } from "../options/parse-options.ts";

interface ConfigOptions extends ServeOptions {
  readonly json: boolean;
}

const CONFIG_OPTIONS: OptionTable<ConfigOptions> = { ...SERVE_OPTIONS, json: JSON_OPTION };

export const configCommand: Command = {
  usage: "[flags]",
  details: [
    "Takes the flags, the environment and the configuration file as `netlog serve` does, and prints each option with\n" +
      "its value and where that comes from, as a configuration file: `netlog config > netlog.toml` is a beginning.\n" +
      "Instead of a password it prints ***.",
    "Ends with status 0, or 2 when something is wrong; then it says what, as serve would.",
    'With --json it is one object, {"segment_age":{"value":"30day","origin":"environment","source":\n' +
      '"NETLOG_SEGMENT_AGE"},…}; origin is flag, environment, file or default.',
  ],
  options: CONFIG_OPTIONS,
  run(context) {
    return Promise.resolve(printConfig(context));
  },
};

function printConfig({ args, environment, stdout }: Context): number {
  const { options, operands, given } = parseArguments(CONFIG_OPTIONS, args, environment);
  if (operands[0] !== undefined) throw new UsageError(`unexpected argument "${operands[0]}"`);
  const conflict = optionConflict(options, given);
  if (conflict !== undefined) throw new UsageError(conflict);
  const { config, ...shown } = SERVE_OPTIONS;
  stdout.write(
    options.json ? toJson([config, ...Object.values(shown)], given) : toToml(Object.values(shown), given),
  );
  return EXIT.ok;
}

/** A line each, so that the sources stand below each other. */
function toToml(options: readonly Option<unknown>[], given: GivenOptions): string {
  const lines = options.map((option): [string, Given] => {
    const found = given.get(option.name)!;
    return [stringify({ [option.name]: shownValue(option, found.text) }).trimEnd(), found];
  });
  const width = Math.max(...lines.map(([line]) => line.length));
  return lines.map(([line, { source }]) => `${line.padEnd(width)}  # ${source}\n`).join("");
}

function toJson(options: readonly Option<unknown>[], given: GivenOptions): string {
  const entries = options.map((option) => {
    const { origin, source, text } = given.get(option.name)!;
    return [option.name, { value: shownValue(option, text), origin, source }];
  });
  return `${JSON.stringify(Object.fromEntries(entries), undefined, 2)}\n`;
}

/** As a configuration file has it, but without secrets. */
function shownValue(option: Option<unknown>, given: string): string | number | boolean | string[] {
  const text = option.hide?.(given) ?? given;
  if (option.kind === "number") return Number(text);
  if (option.kind === "switch") return option.parse(text) === true;
  if (option.kind !== "list") return text;
  return text
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");
}
