/** `netlog migrate`: topics of a data folder to NATS as they are, scanners included, or back; also while they are served. */
import { isNetlogClientError } from "../../lib/client/index.ts";
import { DataFolderError } from "../../lib/index.ts";
import { type Command, type Context, EXIT } from "../cli/command.ts";
import type { OptionTable } from "../cli/option.ts";
import { printable } from "../cli/printable.ts";
import { JSON_OPTION, switchOption } from "../cli/switch-option.ts";
import { UsageError } from "../cli/usage-error.ts";
import { CONNECTION_OPTIONS } from "../client/call/connection.ts";
import { failureStatus, failureText } from "../client/call/failure.ts";
import { CredentialError } from "../options/credential-files.ts";
import { ENGINE_OPTIONS } from "../options/engine.ts";
import { SERVE_OPTIONS } from "../options/options.ts";
import { parseArguments } from "../options/parse-options.ts";
import { copyTopics } from "./copy-topics.ts";
import { discardCopies } from "./discard-copies.ts";
import { followServer } from "./follow-server.ts";
import type { MigrateOptions, Migration } from "./migration.ts";

const { advertise: _advertise, ...engineOptions } = ENGINE_OPTIONS;

const MIGRATE_OPTIONS: OptionTable<MigrateOptions> = {
  config: SERVE_OPTIONS.config,
  dir: SERVE_OPTIONS.dir,
  ...engineOptions,
  isBack: switchOption("back", "Copy from NATS into the data folder, which is made when it is missing"),
  follows: switchOption("follow", "Copy ahead from a server that runs, until this command is stopped"),
  server: { ...CONNECTION_OPTIONS.server, description: "URL of that server, for --follow" },
  tokenFrom: CONNECTION_OPTIONS.tokenFrom,
  discards: switchOption("discard", "Remove copies that are not whole, and copy nothing"),
  json: JSON_OPTION,
};

export const migrateCommand: Command = {
  usage: "--engine <url> [flags] [topic...]",
  details: [
    "  netlog migrate --follow --server http://old:7200 --dir /var/lib/netlog --engine nats://a:4222\n" +
      "  netlog migrate --dir /var/lib/netlog --engine nats://a:4222\n" +
      "  netlog migrate --back --dir ./data --engine nats://a:4222",
    "Copies the topics of the data folder, all or those that are named, to NATS, with the same offsets, times, segments,\n" +
      "settings and ids, what messages carry, the idempotency keys and producers that are remembered, forks as forks, and\n" +
      "scanners with their positions and pending messages. A topic appears whole or not at all. One that is there already\n" +
      "stays as it is, and one that was copied in part is gone on with: the same command goes on where it was stopped.",
    "With --follow it copies messages ahead, while the server of the folder serves, and goes on with what comes. Stop the\n" +
      "server when this command says that little is left; the command without --follow then takes the rest from the folder.\n" +
      "What was copied ahead is no topic before that, and `netlog engine status` shows it. --discard gives it up.",
    "No server may run on the data folder when the rest is copied, and what is copied stays there. Servers with --engine may\n" +
      "run, and serve a topic as soon as it is whole. With --back they may run, too, until the rest is copied: then each topic\n" +
      "moves to the folder, and they answer that it is unavailable. With --back, --follow takes the URL of one of them.",
    "Ends with status 0 when every topic is copied, 1 when one is not, 2 for wrong arguments; with --follow with 0 when it\n" +
      "is stopped after little was left, and as other commands where the server refuses or is not there at the beginning.",
    'With --json each topic is a line {"name","isCopied","messageCount","heldCount","scannerCount"}, where heldCount\n' +
      'messages had been copied before, or with "reason" instead of the figures; with --follow there is one line\n' +
      '{"isCaughtUp":true,"topicCount","messageCount"} each time that it has caught up.',
  ],
  options: MIGRATE_OPTIONS,
  async run(context) {
    const { options, operands: topics } = parseArguments(MIGRATE_OPTIONS, context.args, context.environment);
    if (options.engine.length === 0) {
      throw new UsageError(
        "migrate needs --engine, the NATS servers that keep the topics, or are to keep them",
      );
    }
    if (options.follows && options.discards) {
      throw new UsageError("--follow and --discard exclude each other: copy on, or give the copies up");
    }
    try {
      return await migrate({ options, topics, context });
    } catch (error) {
      return explain(error, context);
    }
  },
};

async function migrate(migration: Migration): Promise<number> {
  const { follows, discards } = migration.options;
  if (discards) return await discardCopies(migration);
  return await (follows ? followServer(migration) : copyTopics(migration));
}

/** What is wrong with folder, NATS or server, in one line. @throws `error`, if it is of another kind. */
function explain(error: unknown, { stderr }: Context): number {
  if (isNetlogClientError(error)) {
    stderr.write(`netlog: ${failureText(error)}\n`);
    return failureStatus(error);
  }
  const isKnown = error instanceof DataFolderError || error instanceof CredentialError;
  const isStart = error instanceof Error && error.name === "EngineStartError";
  if (!(isKnown || isStart)) throw error;
  stderr.write(`netlog: ${printable(error.message)}\n`);
  return EXIT.failed;
}
