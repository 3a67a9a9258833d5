/** The program: finds the subcommand and turns its outcome into an exit status. */
import { fstatSync } from "node:fs";
import { type Context, EXIT, type Input } from "./cli/command.ts";
import { commandHelp, programHelp } from "./cli/help.ts";
import { hideArgumentSecrets } from "./cli/hide-secrets.ts";
import { requireCommand } from "./cli/require-command.ts";
import { watchStdout } from "./cli/unread.ts";
import { UsageError } from "./cli/usage-error.ts";
import { COMMAND_GROUPS, COMMANDS } from "./commands.ts";

const HELP_FLAGS = ["-h", "-help", "--help"];
const VERSION_FLAGS = ["-version", "--version"];

/** Runs the command that the process was started for, and ends the process. */
export async function runProgram(version: string): Promise<void> {
  const { argv, argv0, env: environment, stdout, stderr } = process;
  // `ps` shows the arguments to everybody on the machine.
  const shownArguments = hideArgumentSecrets(argv.slice(1));
  if (shownArguments !== undefined) process.title = `${argv0} ${shownArguments}`;
  stdout.on("error", endWithoutOutput);
  // Messages about the work are lost then; the work goes on.
  stderr.on("error", () => {});
  const status = await run({
    args: argv.slice(2),
    environment,
    version,
    stdin: openStdin,
    stdout,
    stderr,
    endWhenUnread: () => watchStdout(() => process.exit(EXIT.ok)),
  });
  // What a pipe has not taken yet is lost when the process exits. A failed write calls the handler above.
  stdout.write("", (error) => {
    if (!error) process.exit(status);
  });
}

/** `netlog dump file | head`: the reader has seen enough, which is no error. A full disk is one. */
function endWithoutOutput({ code }: NodeJS.ErrnoException): void {
  if (code === "EPIPE") process.exit(EXIT.ok);
  process.stderr.write(`netlog: standard output cannot be written (${code})\n`);
  process.exit(EXIT.failed);
}

/** A file's size is known before it is read. */
function openStdin(): Input {
  const { stdin } = process;
  const stats = fstatSync(0);
  return {
    isTTY: stdin.isTTY === true,
    sizeBytes: stats.isFile() ? stats.size : undefined,
    [Symbol.asyncIterator]: () => stdin[Symbol.asyncIterator](),
  };
}

/** Resolves to the exit status. Prints a usage error on stderr. */
export async function run(context: Context): Promise<number> {
  try {
    return await dispatch(context);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    context.stderr.write(`netlog: ${error.message}\n`);
    return EXIT.usage;
  }
}

async function dispatch(context: Context): Promise<number> {
  const [first = "", ...rest] = context.args;
  // NetLog is run as `netlog -listen :7200`, or as plain `netlog`: both serve.
  const isImplied = first === "" || first.startsWith("-");
  const name = !isImplied ? first : VERSION_FLAGS.includes(first) ? "version" : "serve";
  const entry = requireCommand(COMMANDS, name);
  const args = isImplied ? context.args : rest;
  if (isHelpAsked(args)) {
    context.stdout.write(isImplied ? programHelp(COMMAND_GROUPS, context.version) : await commandHelp(entry));
    return EXIT.ok;
  }
  const command = await entry.load();
  try {
    return await command.run({ ...context, args });
  } catch (error) {
    const meant = isImplied && COMMANDS.find((candidate) => args.includes(candidate.name));
    if (!(error instanceof UsageError) || !meant) throw error;
    throw new UsageError(
      `${error.message}; flags stand behind their command: netlog ${meant.name} ${first} …`,
    );
  }
}

/** What follows `--` is no flag. */
function isHelpAsked(args: readonly string[]): boolean {
  const end = args.indexOf("--");
  return (end < 0 ? args : args.slice(0, end)).some((arg) => HELP_FLAGS.includes(arg));
}
