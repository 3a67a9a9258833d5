/** `netlog version`. */
import { type Command, EXIT } from "./command.ts";

export const versionCommand: Command = {
  name: "version",
  summary: "Print the version",
  usage: "",
  details: [],
  options: {},
  run({ stdout, version }) {
    stdout.write(`netlog ${version}\n`);
    return Promise.resolve(EXIT.ok);
  },
};
