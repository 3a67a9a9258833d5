/**
 * Finds what may stand at the cursor of a command line: commands, flags, values of flags, operands. It asks the tables of
 * commands and options: placeholders such as `<topic>`, `<file>` or `<text|json>` say what may stand in their place.
 */

import type { Command, CommandEntry, CommandGroup } from "../cli/command.ts";
import { flagOf, lookupOption, type Option } from "../cli/option.ts";
import { type Lookups, typedServer } from "./lookups.ts";

export interface Candidate {
  readonly value: string;
  readonly description: string;
}

/** `files`: the shell completes paths as well. */
export interface Candidates {
  readonly values: readonly Candidate[];
  readonly files: boolean;
}

const NONE: Candidates = { values: [], files: false };
const FILES: Candidates = { values: [], files: true };

/** `words` follow the program's name; the last one is what was typed so far of the one to complete, maybe nothing. */
export async function candidatesFor(
  words: readonly string[],
  groups: readonly CommandGroup[],
  lookups: Lookups,
): Promise<Candidates> {
  const typed = words.at(-1) ?? "";
  const { values, files } = await possible(words, groups, lookups);
  return { values: values.filter(({ value }) => value.startsWith(typed)), files };
}

async function possible(
  words: readonly string[],
  groups: readonly CommandGroup[],
  lookups: Lookups,
): Promise<Candidates> {
  const commands = groups.flatMap((group) => group.commands);
  if (words.length <= 1) return described(commands.map(({ name, summary }) => [name, summary]));
  const entry = commands.find(({ name }) => name === words[0]);
  if (entry === undefined) return NONE;
  const command = await entry.load();
  const before = words.slice(1, -1);
  const options = Object.values(command.options);
  const { pending, operands } = readWords(options, before);
  const place: Place = { name: entry.name, command, words: before, operands, lookups, commands };
  if (pending !== undefined) return await meant(pending.placeholder, place);
  const typed = words.at(-1)!;
  if (typed.startsWith("-") && !before.includes("--")) {
    const equals = typed.indexOf("=");
    if (equals < 0) return described(options.map(({ name, description }) => [flagOf(name), description]));
    const flag = typed.slice(0, equals);
    const placeholder = readWords(options, [flag]).pending?.placeholder ?? "";
    return behind(`${flag}=`, await meant(placeholder, place));
  }
  return await meant(operandOf(command.usage, operands.length), place);
}

/** Values that stand in one word with their flag. */
function behind(front: string, { values, files }: Candidates): Candidates {
  return { values: values.map(({ value, description }) => ({ value: front + value, description })), files };
}

interface Place {
  readonly name: string;
  readonly command: Command;
  readonly commands: readonly CommandEntry[];
  readonly words: readonly string[];
  readonly operands: readonly string[];
  readonly lookups: Lookups;
}

interface ReadWords {
  /** The flag whose value comes next. */
  readonly pending: Option<unknown> | undefined;
  readonly operands: readonly string[];
}

/** Accepts what is wrong: the line is not finished yet. */
function readWords(options: readonly Option<unknown>[], words: readonly string[]): ReadWords {
  const operands: string[] = [];
  let pending: Option<unknown> | undefined;
  for (const [place, word] of words.entries()) {
    if (pending !== undefined) pending = undefined;
    else if (word === "--") return { pending, operands: [...operands, ...words.slice(place + 1)] };
    else if (!word.startsWith("-") || word === "-") operands.push(word);
    else if (!word.includes("=")) {
      const option = lookupOption(options, word);
      if (option !== undefined && option.kind !== "switch") pending = option;
    }
  }
  return { pending, operands };
}

/** The placeholder of the operand at a place: in `<topic> [message...]` every operand from the second on is `[message...]`. */
function operandOf(usage: string, place: number): string {
  const withoutFlags = usage.replace(/--\S+ <[^>]+>|[[<]flags[\]>]/g, "");
  const operands = withoutFlags.match(/<[^>]+>|\[[^\]]+\]/g) ?? [];
  const last = operands.at(-1);
  return operands[place] ?? (last?.includes("...") === true ? last : "");
}

async function meant(
  placeholder: string,
  { name, words, operands, lookups, command, commands }: Place,
): Promise<Candidates> {
  const what = placeholder.replace(/[<>[\].]/g, "");
  if (what.includes("|")) return described(what.split("|").map((choice) => [choice, ""]));
  // A command for data folders asks no server.
  const server = "server" in command.options ? typedServer(words) : undefined;
  switch (what) {
    case "command":
      return name === "help" ? described(commands.map((other) => [other.name, other.summary])) : NONE;
    case "file":
    case "folder":
    case "source":
      return FILES;
    case "topic":
      return server === undefined ? NONE : described(named(await lookups.topics(server)));
    case "from":
    case "to":
      return server === undefined
        ? FILES
        : { ...described(named(await lookups.topics(server))), files: true };
    case "scanner":
    case "id":
      return server === undefined ? NONE : described(named(await lookups.scanners(server, operands[0])));
    default:
      return NONE;
  }
}

function named(names: readonly string[]): [string, string][] {
  return names.map((name) => [name, ""]);
}

function described(pairs: readonly (readonly [string, string])[]): Candidates {
  return { values: pairs.map(([value, description]) => ({ value, description })), files: false };
}
