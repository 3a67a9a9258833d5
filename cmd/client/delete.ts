/** `netlog delete`. */
import { isNetlogClientError, NetlogClientError, type Topic } from "../../lib/client/index.ts";
import { type Command, EXIT } from "../cli/command.ts";
import { UsageError } from "../cli/usage-error.ts";
import { clientCommand } from "./call/client-command.ts";
import { switchFlag } from "./call/flags.ts";

interface DeleteOptions {
  readonly force: boolean;
  readonly ifThere: boolean;
}

export const deleteCommand: Command = clientCommand<DeleteOptions>({
  usage: "[flags] <topic...>",
  details: [
    "Asks nothing, and cannot be undone. A topic with scanners is only deleted with --force.",
    'With --json each topic is a line {"topic","deleted"}.',
  ],
  options: {
    force: switchFlag("force", "Also topics that have scanners"),
    ifThere: switchFlag("if_there", "A topic that is not there is no error"),
  },
  async run({ options, operands, netlog, stdout }) {
    if (operands.length === 0) throw new UsageError("the topic to delete is missing");
    for (const name of operands) {
      const deleted = await deleteTopic(netlog.topic(name), options);
      const text = deleted ? `deleted ${name}` : `${name} is not there`;
      stdout.write(`${options.json ? JSON.stringify({ topic: name, deleted }) : text}\n`);
    }
    return EXIT.ok;
  },
});

/** False when it was not there, where that is no error. */
async function deleteTopic(topic: Topic, { force, ifThere }: DeleteOptions): Promise<boolean> {
  try {
    await topic.delete({ force });
    return true;
  } catch (error) {
    if (isNetlogClientError(error, "resource_busy")) {
      const hint = "netlog delete --force deletes them, too";
      throw new NetlogClientError(error.code, `${topic.name} has scanners; ${hint}`, error);
    }
    if (ifThere && isNetlogClientError(error, "topic_not_found")) return false;
    throw error;
  }
}
