/**
 * Every subcommand, in the order of the program's help. Each is loaded when it is called: the parts of the server take
 * longer to load than most commands take to run.
 */
import type { CommandEntry, CommandGroup } from "./cli/command.ts";

export const COMMAND_GROUPS: readonly CommandGroup[] = [
  {
    title: "The server",
    commands: [
      {
        name: "serve",
        summary: "Run the server; netlog without a command does the same",
        load: async () => (await import("./serve/serve.ts")).serveCommand,
      },
      {
        name: "config",
        summary: "Print the configuration that serve would run with, and check it",
        load: async () => (await import("./serve/config.ts")).configCommand,
      },
      {
        name: "health",
        summary: "Ask the server on this machine whether it is well",
        load: async () => (await import("./serve/health.ts")).healthCommand,
      },
      {
        name: "view",
        summary: "Run a view of topics beside a server, ask how views are, or rebuild one",
        load: async () => (await import("./view/view.ts")).viewCommand,
      },
      {
        name: "engine",
        summary: "Show the topics on NATS: their owners, leaders and copies",
        load: async () => (await import("./serve/engine.ts")).engineCommand,
      },
      {
        name: "token",
        summary: "Make, list and revoke the tokens that clients of a server need",
        load: async () => (await import("./serve/token.ts")).tokenCommand,
      },
    ],
  },
  {
    title: "Topics of a server",
    commands: [
      {
        name: "topics",
        summary: "List topics: messages, bytes, rate, age, scanners, lag",
        load: async () => (await import("./client/topics.ts")).topicsCommand,
      },
      {
        name: "create",
        summary: "Create topics",
        load: async () => (await import("./client/create.ts")).createCommand,
      },
      {
        name: "info",
        summary: "Show a topic: messages, size, scanners, settings",
        load: async () => (await import("./client/info.ts")).infoCommand,
      },
      {
        name: "set",
        summary: "Change settings of a topic",
        load: async () => (await import("./client/info.ts")).setCommand,
      },
      {
        name: "close",
        summary: "Close topics for good: they keep their messages and take no more",
        load: async () => (await import("./client/close.ts")).closeCommand,
      },
      {
        name: "delete",
        summary: "Delete topics and all their messages",
        load: async () => (await import("./client/delete.ts")).deleteCommand,
      },
    ],
  },
  {
    title: "Messages of a server",
    commands: [
      {
        name: "publish",
        summary: "Publish messages from arguments, files or standard input",
        load: async () => (await import("./client/publish.ts")).publishCommand,
      },
      {
        name: "tail",
        summary: "Show messages of a topic, and follow what comes",
        load: async () => (await import("./client/tail.ts")).tailCommand,
      },
      {
        name: "scan",
        summary: "Take messages with a scanner: show them, or run a command for each",
        load: async () => (await import("./client/scan.ts")).scanCommand,
      },
      {
        name: "export",
        summary: "Write the messages of a topic to standard output or a file",
        load: async () => (await import("./client/copy.ts")).exportCommand,
      },
      {
        name: "copy",
        summary: "Copy messages: topic to topic, also between servers, topic to file and back",
        load: async () => (await import("./client/copy.ts")).copyCommand,
      },
    ],
  },
  {
    title: "Scanners of a server",
    commands: [
      {
        name: "scanners",
        summary: "List the scanners of a topic: place, lag, pending messages",
        load: async () => (await import("./client/scanners.ts")).scannersCommand,
      },
      {
        name: "seek",
        summary: "Move a scanner, back or forth",
        load: async () => (await import("./client/scanners.ts")).seekCommand,
      },
    ],
  },
  {
    title: "Load on a server",
    commands: [
      {
        name: "bench",
        summary: "Put a quick load on a server: publish, then read it back",
        load: async () => (await import("./client/bench.ts")).benchCommand,
      },
    ],
  },
  {
    title: "Data folders, without a server",
    commands: [
      {
        name: "check",
        summary: "Go through a data folder, without a server, and report what is damaged",
        load: async () => (await import("./folder/check.ts")).checkCommand,
      },
      {
        name: "dump",
        summary: "Show what stands in a file of a data folder",
        load: async () => (await import("./folder/dump.ts")).dumpCommand,
      },
      {
        name: "import",
        summary: "Bring topics over from a data folder of the Go NetLog, or a file of frames",
        load: async () => (await import("./folder/import.ts")).importCommand,
      },
      {
        name: "migrate",
        summary: "Copy topics of a data folder to NATS as they are, or back",
        load: async () => (await import("./migrate/migrate.ts")).migrateCommand,
      },
    ],
  },
  {
    title: "The program",
    commands: [
      {
        name: "help",
        summary: "Show help for the program or a command",
        load: async () => (await import("./cli/help.ts")).createHelpCommand(() => COMMAND_GROUPS),
      },
      {
        name: "completion",
        summary: "Print what makes a shell complete commands, flags and topics",
        load: async () =>
          (await import("./completion/completion.ts")).createCompletionCommand(() => COMMAND_GROUPS),
      },
      {
        name: "version",
        summary: "Print the version",
        load: async () => (await import("./version.ts")).versionCommand,
      },
    ],
  },
];

export const COMMANDS: readonly CommandEntry[] = COMMAND_GROUPS.flatMap(({ commands }) => commands);
