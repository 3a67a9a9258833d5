/** `netlog version`. */
import { type Command, EXIT } from "./cli/command.ts";

export const versionCommand: Command = {
  usage: "",
  details: [],
  options: {},
  run({ stdout, version }) {
    stdout.write(`netlog ${version}\n`);
    return Promise.resolve(EXIT.ok);
  },
};
