/** `netlog create`. */
import { type Command, EXIT } from "../cli/command.ts";
import { printable } from "../cli/printable.ts";
import { UsageError } from "../cli/usage-error.ts";
import { clientCommand } from "./call/client-command.ts";
import { switchFlag } from "./call/flags.ts";
import { SETTING_OPTIONS, type SettingOptions, settingsOf } from "./setting-flags.ts";

interface CreateOptions extends SettingOptions {
  readonly ifMissing: boolean;
}

export const createCommand: Command = clientCommand<CreateOptions>({
  usage: "[flags] <topic...>",
  details: [
    "What no flag sets is the server's default. `netlog set` changes settings later.",
    "  netlog create orders invoices\n" +
      "  netlog create logs --compression gzip --segment-age 7day --if-missing",
    'With --json each topic is a line {"topic","created"}.',
  ],
  options: {
    ifMissing: switchFlag(
      "if_missing",
      "Leave a topic that is there as it is; without this that is an error",
    ),
    ...SETTING_OPTIONS,
  },
  async run({ options, operands, netlog, stdout }) {
    if (operands.length === 0) throw new UsageError("the topic to create is missing");
    const settings = settingsOf(options);
    for (const name of operands) {
      const topic = netlog.topic(name);
      let created = true;
      if (options.ifMissing) created = await topic.createIfMissing(settings);
      else await topic.create(settings);
      const text = created ? `created ${name}` : `${name} is there already`;
      stdout.write(`${options.json ? JSON.stringify({ topic: name, created }) : printable(text)}\n`);
    }
    return EXIT.ok;
  },
});
