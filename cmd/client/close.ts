/** `netlog close`. */
import { type Command, EXIT } from "../cli/command.ts";
import { UsageError } from "../cli/usage-error.ts";
import { clientCommand } from "./call/client-command.ts";

export const closeCommand: Command = clientCommand<object>({
  usage: "[flags] <topic...>",
  details: [
    "A closed topic keeps its messages and takes no more, for good. Readers that follow it end behind the last message.",
    'With --json each topic is a line {"topic","closed"}.',
  ],
  options: {},
  async run({ options, operands, netlog, stdout }) {
    if (operands.length === 0) throw new UsageError("the topic to close is missing");
    for (const name of operands) {
      await netlog.topic(name).close();
      stdout.write(`${options.json ? JSON.stringify({ topic: name, closed: true }) : `closed ${name}`}\n`);
    }
    return EXIT.ok;
  },
});
