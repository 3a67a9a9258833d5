/** Every subcommand, in the order of the program's help. */
import { checkCommand } from "./check.ts";
import { benchCommand } from "./client/bench.ts";
import { copyCommand, exportCommand } from "./client/copy.ts";
import { createCommand } from "./client/create.ts";
import { deleteCommand } from "./client/delete.ts";
import { infoCommand, setCommand } from "./client/info.ts";
import { publishCommand } from "./client/publish.ts";
import { scanCommand } from "./client/scan.ts";
import { scannersCommand, seekCommand } from "./client/scanners.ts";
import { tailCommand } from "./client/tail.ts";
import { topicsCommand } from "./client/topics.ts";
import type { Command, CommandGroup } from "./command.ts";
import { createCompletionCommand } from "./completion.ts";
import { configCommand } from "./config.ts";
import { dumpCommand } from "./dump.ts";
import { healthCommand } from "./health.ts";
import { createHelpCommand } from "./help.ts";
import { importCommand } from "./import.ts";
import { serveCommand } from "./serve.ts";
import { tokenCommand } from "./token.ts";
import { versionCommand } from "./version.ts";

export const COMMAND_GROUPS: readonly CommandGroup[] = [
  { title: "The server", commands: [serveCommand, configCommand, healthCommand, tokenCommand] },
  {
    title: "Topics of a server",
    commands: [topicsCommand, createCommand, infoCommand, setCommand, deleteCommand],
  },
  {
    title: "Messages of a server",
    commands: [publishCommand, tailCommand, scanCommand, exportCommand, copyCommand],
  },
  { title: "Scanners of a server", commands: [scannersCommand, seekCommand] },
  { title: "Load on a server", commands: [benchCommand] },
  { title: "Data folders, without a server", commands: [checkCommand, dumpCommand, importCommand] },
  {
    title: "The program",
    commands: [
      createHelpCommand(() => COMMAND_GROUPS),
      createCompletionCommand(() => COMMAND_GROUPS),
      versionCommand,
    ],
  },
];

export const COMMANDS: readonly Command[] = COMMAND_GROUPS.flatMap(({ commands }) => commands);
