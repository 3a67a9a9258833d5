/** Finds a subcommand by its name, or says which there are. */
import { closest } from "./closest.ts";
import type { CommandEntry } from "./command.ts";
import { COMMAND_WORDS } from "./other-words.ts";
import { UsageError } from "./usage-error.ts";

/** @throws UsageError when there is none of this name. */
export function requireCommand(commands: readonly CommandEntry[], name: string): CommandEntry {
  const command = commands.find((candidate) => candidate.name === name);
  if (command !== undefined) return command;
  const names = commands.map((candidate) => candidate.name);
  const near = COMMAND_WORDS[name]?.join(" or ") ?? closest(name, names);
  const hint = near === undefined ? "" : `did you mean ${near}? `;
  throw new UsageError(`unknown command "${name}"; ${hint}there are ${names.join(", ")}`);
}
