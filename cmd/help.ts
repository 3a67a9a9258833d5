/** The help texts, made from the table of commands and each command's table of options. */
import type { Command } from "./command.ts";
import { EXIT } from "./command.ts";
import { environmentNameOf, flagOf, type Option } from "./option.ts";
import { SERVE_OPTIONS } from "./options.ts";
import { requireCommand } from "./require-command.ts";

const INDENT = "  ";

/** `netlog help [command]`. Takes the table late, since it stands in it itself. */
export function createHelpCommand(commands: () => readonly Command[]): Command {
  return {
    name: "help",
    summary: "Tell about the program or a command",
    usage: "[command]",
    details: [],
    options: {},
    run({ args, stdout, version }) {
      const [name] = args;
      stdout.write(
        name === undefined ? programHelp(commands(), version) : commandHelp(requireCommand(commands(), name)),
      );
      return Promise.resolve(EXIT.ok);
    },
  };
}

export function programHelp(commands: readonly Command[], version: string): string {
  const rows = commands.map((command): [string, string] => [command.name, command.summary]);
  return paragraphs([
    `netlog ${version}, a log queue for everything that speaks HTTP`,
    "Usage: netlog [command] [flags]",
    `Commands:\n${columns(rows)}`,
    "Without a command, or with flags alone, netlog serves: `netlog -listen :7200`.\n" +
      "`netlog help <command>` tells a command's flags; `netlog --version` prints the version.",
  ]);
}

export function commandHelp(command: Command): string {
  const options = Object.values(command.options);
  const blocks = [
    `netlog ${command.name}: ${command.summary}`,
    `Usage: netlog ${command.name} ${command.usage}`.trimEnd(),
    ...command.details,
  ];
  if (options.length > 0) {
    blocks.push(
      `Flags:\n${columns(options.map(optionRow))}`,
      "A flag may be written -segment_age, --segment_age or --segment-age, its value after a space or `=`.\n" +
        "Each is also read from the environment (NETLOG_SEGMENT_AGE); flags win.",
    );
  }
  if (options.includes(SERVE_OPTIONS.config)) {
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
  const text = `${option.description}${fallback}\n${environmentNameOf(option.name)}`;
  return [`${flagOf(option.name)} ${option.placeholder}`.trimEnd(), text];
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
