/** `netlog completion`: prints the script that makes a shell complete this program's command lines. */
import { type Command, type CommandGroup, type Context, EXIT } from "../cli/command.ts";
import { readArguments } from "../cli/read-arguments.ts";
import { UsageError } from "../cli/usage-error.ts";
import { candidatesFor } from "./candidates.ts";
import { serverLookups } from "./lookups.ts";
import { FILES_LINE, SCRIPTS, SHELLS } from "./scripts.ts";

/** What the scripts ask; the command line follows two dashes. */
const CANDIDATES = "candidates";

/** `groups` is called late, because the table holds this command as well. */
export function createCompletionCommand(groups: () => readonly CommandGroup[]): Command {
  return {
    usage: "<bash|zsh|fish>",
    details: [
      "In ~/.bashrc:                  source <(netlog completion bash)\n" +
        "In ~/.zshrc, behind compinit:  source <(netlog completion zsh)\n" +
        "In ~/.config/fish/config.fish: netlog completion fish | source",
      "Names of topics and scanners come from the server of --server or NETLOG_URL, if it answers within a second.",
    ],
    options: {},
    async run(context) {
      const { operands } = readArguments([], context.args);
      const [first, ...rest] = operands;
      if (first === CANDIDATES) return await printCandidates(context, rest, groups());
      const shell = SHELLS.find((name) => name === first);
      if (shell === undefined || rest.length > 0)
        throw new UsageError(`completion takes one of ${SHELLS.join(", ")}`);
      context.stdout.write(SCRIPTS[shell]);
      return EXIT.ok;
    },
  };
}

async function printCandidates(
  { stdout, environment }: Context,
  words: readonly string[],
  groups: readonly CommandGroup[],
): Promise<number> {
  const { values, files } = await candidatesFor(words, groups, serverLookups(environment));
  const lines = values.map(({ value, description }) => `${value}\t${description}\n`);
  stdout.write(`${lines.join("")}${files ? `${FILES_LINE}\n` : ""}`);
  return EXIT.ok;
}
