/**
 * Walks the arguments for flags in Go's spellings and in GNU's: `-segment_age 1day`, `-segment_age=1day`,
 * `--segment-age 1day`; `--` ends them. Node's own parseArgs takes `-listen` for seven short flags.
 */
import {
  flagOf,
  type Given,
  type GivenOptions,
  hintFor,
  joinRepeated,
  lookupOption,
  nameOfFlag,
  type Option,
} from "./option.ts";
import { requireUtf8 } from "./require-utf8.ts";
import { UsageError } from "./usage-error.ts";

interface ReadArguments {
  readonly flags: GivenOptions;
  /** Arguments that are no flags, in order. */
  readonly operands: readonly string[];
}

/** @throws UsageError for an unknown flag, one without its value, and operands that are not UTF-8. */
export function readArguments(options: readonly Option<unknown>[], args: readonly string[]): ReadArguments {
  const flags = new Map<string, Given>();
  const operands: string[] = [];
  for (let place = 0; place < args.length; place++) {
    const arg = args[place]!;
    if (arg === "--") {
      operands.push(...args.slice(place + 1));
      break;
    }
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
    const joined = joinedText(option, flags.get(option.name)?.text, text);
    flags.set(option.name, { origin: "flag", source: typed, text: joined });
  }
  for (const operand of operands) requireUtf8(operand, "the argument");
  return { flags, operands };
}

function joinedText({ kind }: Option<unknown>, before: string | undefined, text: string): string {
  if (kind === "repeated") return joinRepeated(before ?? "", text);
  return kind === "list" && before !== undefined ? `${before},${text}` : text;
}

function requireOption(options: readonly Option<unknown>[], typed: string): Option<unknown> {
  const option = lookupOption(options, typed);
  if (option !== undefined) return option;
  throw new UsageError(`unknown flag ${typed}; ${hintFor(nameOfFlag(typed), options, flagOf)}`);
}

function missingValue(option: Option<unknown>, typed: string): never {
  throw new UsageError(`${typed} needs a value; it takes ${option.allowed}`);
}
