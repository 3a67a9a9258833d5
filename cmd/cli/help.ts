/** The help texts, made from the table of commands and each command's table of options. */
import { type Command, type CommandEntry, type CommandGroup, EXIT } from "./command.ts";
import { flagOf, type Option, variableOf } from "./option.ts";
import { requireCommand } from "./require-command.ts";

const INDENT = "  ";
/** Name of the option for the configuration file. */
const CONFIG_NAME = "config";

/** `netlog help [command]`. `groups` is called late, because the table holds this command as well. */
export function createHelpCommand(groups: () => readonly CommandGroup[]): Command {
  return {
    usage: "[command]",
    details: [],
    options: {},
    async run({ args, stdout, version }) {
      const [name] = args;
      const commands = groups().flatMap((group) => group.commands);
      stdout.write(
        name === undefined
          ? programHelp(groups(), version)
          : await commandHelp(requireCommand(commands, name)),
      );
      return EXIT.ok;
    },
  };
}

export function programHelp(groups: readonly CommandGroup[], version: string): string {
  const width = Math.max(...groups.flatMap(({ commands }) => commands.map(({ name }) => name.length)));
  const blocks = groups.map(({ title, commands }) => {
    const rows = commands.map(({ name, summary }): [string, string] => [name.padEnd(width), summary]);
    return `${title}:\n${columns(rows)}`;
  });
  return paragraphs([
    `netlog ${version}, a log queue for everything that speaks HTTP`,
    "Usage: netlog [command] [flags]",
    ...blocks,
    "Without a command, or with flags alone, netlog serves: `netlog -listen localhost:7300`.\n" +
      "`netlog help <command>` shows a command's flags; `netlog --version` prints the version.",
  ]);
}

export async function commandHelp({ name, summary, load }: CommandEntry): Promise<string> {
  const { usage, details, options: table } = await load();
  const options = Object.values(table);
  const blocks = [`netlog ${name}: ${summary}`, `Usage: netlog ${name} ${usage}`.trimEnd(), ...details];
  if (options.length > 0) {
    blocks.push(
      `Flags:\n${columns(options.map(optionRow))}`,
      "A flag may be written -segment_age, --segment_age or --segment-age, its value after a space or `=`.\n" +
        "Those with a variable are also read from the environment; flags win.",
    );
  }
  if (options.some((option) => option.name === CONFIG_NAME)) {
    blocks.push(
      "With --config what neither a flag nor the environment sets is read from a file, such as\n" +
        '  segment_age = "7day"\n  allowed_host = ["queue.example"]\n' +
        "`netlog config` prints the outcome, in that form.",
    );
  }
  return paragraphs(blocks);
}

function optionRow(option: Option<unknown>): [string, string] {
  const fallback = option.fallback === "" ? "" : ` (${option.fallback})`;
  const variable = variableOf(option);
  const text = `${option.description}${fallback}${variable === undefined ? "" : `\n${variable}`}`;
  const letter = option.letter === undefined ? "" : `-${option.letter}, `;
  return [`${letter}${flagOf(option.name)} ${option.placeholder}`.trimEnd(), text];
}

/** Two columns; lines of the second one start below each other. */
function columns(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([left]) => left.length)) + INDENT.length;
  return rows
    .map(([left, right]) => {
      const below = `\n${" ".repeat(INDENT.length + width)}`;
      return `${INDENT}${left.padEnd(width)}${right.replaceAll("\n", below)}`;
    })
    .join("\n");
}

function paragraphs(blocks: readonly string[]): string {
  return `${blocks.join("\n\n")}\n`;
}
