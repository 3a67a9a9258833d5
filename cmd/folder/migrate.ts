/** `netlog migrate`: topics of a data folder to NATS as they are, scanners included, or back. */
import { resolve } from "node:path";
import {
  copyStored,
  DataFolderError,
  DEFAULT_SETTINGS,
  FileStorage,
  isNetlogError,
  LIMITS,
  nodeDisk,
  nodeRuntime,
  type Storage,
  silentLogger,
} from "../../lib/index.ts";
import { type Command, type Context, EXIT } from "../cli/command.ts";
import { counted } from "../cli/figures.ts";
import type { OptionTable } from "../cli/option.ts";
import { printable } from "../cli/printable.ts";
import { statusOf, watchStopSignals } from "../cli/signals.ts";
import { JSON_OPTION, switchOption } from "../cli/switch-option.ts";
import { UsageError } from "../cli/usage-error.ts";
import { CredentialError, readEngineFacts } from "../options/credential-files.ts";
import { ENGINE_OPTIONS, type EngineOptions } from "../options/engine.ts";
import { SERVE_OPTIONS } from "../options/options.ts";
import { parseArguments } from "../options/parse-options.ts";

interface MigrateOptions extends Omit<EngineOptions, "advertise"> {
  readonly config: string;
  readonly dir: string;
  readonly isBack: boolean;
  readonly json: boolean;
}

const { advertise: _advertise, ...engineOptions } = ENGINE_OPTIONS;

const MIGRATE_OPTIONS: OptionTable<MigrateOptions> = {
  config: SERVE_OPTIONS.config,
  dir: SERVE_OPTIONS.dir,
  ...engineOptions,
  isBack: switchOption("back", "Copy from NATS into the data folder, which is made when it is missing"),
  json: JSON_OPTION,
};

export const migrateCommand: Command = {
  usage: "--engine <url> [flags] [topic...]",
  details: [
    "  netlog migrate --dir /var/lib/netlog --engine nats://a:4222 --engine nats://b:4222\n" +
      "  netlog migrate --back --dir ./data --engine nats://a:4222",
    "Copies the topics of the data folder, all or those that are named, to NATS, with the same offsets, times and settings,\n" +
      "what messages carry, the idempotency keys and producers that are remembered, and scanners with their positions and\n" +
      "pending messages. What it copies stays where it is. A topic appears whole or not at all; one that is there already\n" +
      "stays as it is, so that the same command goes on where it was stopped. A fork becomes a topic of its own.",
    "No server may run on the data folder meanwhile. Servers with --engine may run, and serve a topic from its copy on; with\n" +
      "--back none may.",
    "Ends with status 0 when every topic is copied, 1 when one is not, 2 for wrong arguments.",
    'With --json each topic is a line {"name","isCopied","messageCount","scannerCount"}, or with "reason" instead of the\n' +
      "figures.",
  ],
  options: MIGRATE_OPTIONS,
  async run(context) {
    const { options, operands } = parseArguments(MIGRATE_OPTIONS, context.args, context.environment);
    if (options.engine.length === 0) {
      throw new UsageError(
        "migrate needs --engine, the NATS servers that keep the topics, or are to keep them",
      );
    }
    try {
      return await migrate(options, operands, context);
    } catch (error) {
      const isKnown = error instanceof DataFolderError || error instanceof CredentialError;
      const isStart = error instanceof Error && error.name === "EngineStartError";
      if (!(isKnown || isStart)) throw error;
      context.stderr.write(`netlog: ${error.message}\n`);
      return EXIT.failed;
    }
  },
};

async function migrate(
  options: MigrateOptions,
  topics: readonly string[],
  context: Context,
): Promise<number> {
  const folder = resolve(options.dir);
  if (!options.isBack && (await nodeDisk.stat(folder))?.kind !== "folder") {
    throw new DataFolderError(`there is no data folder ${folder}`);
  }
  const { Engine } = await import("../../lib/jetstream/index.ts");
  const surroundings = { runtime: nodeRuntime, logger: silentLogger };
  const engine = await Engine.open(
    {
      ...surroundings,
      ...readEngineFacts(options),
      url: undefined,
    },
    LIMITS,
  );
  const nats = await engine.openStorage();
  try {
    const files = await FileStorage.open({ ...surroundings, limits: LIMITS, folder, disk: nodeDisk });
    try {
      const [from, to] = options.isBack ? [nats, files] : [files, nats];
      return await copyAll(from, to, topics, options.json, context);
    } finally {
      await files.close();
    }
  } finally {
    await nats.close();
    engine.end();
  }
}

async function copyAll(
  from: Storage,
  to: Storage,
  topics: readonly string[],
  isJson: boolean,
  { stdout }: Context,
): Promise<number> {
  const missing = topics.find((name) => !from.topicNames.includes(name));
  if (missing !== undefined) throw new UsageError(`there is no topic "${missing}" to copy`);
  const names = topics.length > 0 ? topics : [...from.topicNames].sort();
  const stop = watchStopSignals();
  let refusedCount = 0;
  try {
    for (const name of names) {
      if (stop.received !== undefined) return statusOf(stop.received);
      const copied = await copyOne(name, from, to);
      if (!copied.isCopied) refusedCount += 1;
      stdout.write(`${isJson ? JSON.stringify(copied) : topicText(copied)}\n`);
    }
  } finally {
    stop.end();
  }
  return refusedCount === 0 ? EXIT.ok : EXIT.failed;
}

type Copied =
  | {
      readonly name: string;
      readonly isCopied: true;
      readonly messageCount: number;
      readonly scannerCount: number;
    }
  | { readonly name: string; readonly isCopied: false; readonly reason: string };

async function copyOne(name: string, from: Storage, to: Storage): Promise<Copied> {
  try {
    const options = { from, to, defaults: DEFAULT_SETTINGS, runtime: nodeRuntime };
    return { name, isCopied: true, ...(await copyStored(name, options)) };
  } catch (error) {
    if (!isNetlogError(error)) throw error;
    const { code, reason = error.message } = error;
    return { name, isCopied: false, reason: code === "topic_exists" ? "it is there already" : reason };
  }
}

function topicText(copied: Copied): string {
  if (!copied.isCopied) return printable(`not copied: ${copied.name}: ${copied.reason}`);
  const { name, messageCount, scannerCount } = copied;
  return printable(
    `copied: ${name}: ${counted(messageCount, "message")}, ${counted(scannerCount, "scanner")}`,
  );
}
