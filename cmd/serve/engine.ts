/** `netlog engine status`: the topics on NATS, who owns them, and how well their copies are. */
import { silentLogger } from "../../lib/index.ts";
import type { EngineStatus, TopicStatus } from "../../lib/jetstream/index.ts";
import { type Command, type Context, EXIT } from "../cli/command.ts";
import { counted, formatBytes } from "../cli/figures.ts";
import type { OptionTable } from "../cli/option.ts";
import { printable } from "../cli/printable.ts";
import { JSON_OPTION } from "../cli/switch-option.ts";
import { UsageError } from "../cli/usage-error.ts";
import { readEngineCredentials } from "../options/credential-files.ts";
import type { EngineOptions } from "../options/engine.ts";
import { LIMITS } from "../options/limits.ts";
import { SERVE_OPTIONS } from "../options/options.ts";
import { parseArguments } from "../options/parse-options.ts";
import { explainOpenError } from "./start-error.ts";

interface EngineCommandOptions extends Pick<EngineOptions, "engine" | "enginePrefix" | "engineCredentials"> {
  readonly config: string;
  readonly json: boolean;
}

const OPTIONS: OptionTable<EngineCommandOptions> = {
  config: SERVE_OPTIONS.config,
  engine: { ...SERVE_OPTIONS.engine, description: "A NATS server that keeps the topics; repeatable" },
  enginePrefix: SERVE_OPTIONS.enginePrefix,
  engineCredentials: SERVE_OPTIONS.engineCredentials,
  json: JSON_OPTION,
};

export const engineCommand: Command = {
  usage: "status [flags]",
  details: [
    "Asks NATS, and no server of netlog: which topics there are, the server that owns each, the leader of its stream,\n" +
      "and how far the other copies are behind. It changes nothing, and finds NATS by the environment and the\n" +
      "configuration file that the server was started with.",
    "Ends with status 1 where a topic has no owner that answers, or a copy is behind or gone.",
    'With --json it prints a line {"topic","stream","owner","owner_alive","epoch","messages","bytes","leader",\n' +
      '"copies":[{"server","lag","current","offline"}]} for each topic, with "unserved":"copying" for a copy that\n' +
      '`netlog migrate` has not made whole, "unserved":"moved" for what it has moved to a folder, and "being_moved":true\n' +
      "for what it is moving there.",
  ],
  options: OPTIONS,
  run: (context) => showEngine(context),
};

async function showEngine({ args, environment, stdout, stderr }: Context): Promise<number> {
  const { options, operands } = parseArguments(OPTIONS, args, environment);
  const [what, more] = operands;
  if (what !== "status") throw new UsageError(`netlog engine takes status, and not "${what ?? ""}"`);
  if (more !== undefined) throw new UsageError(`unexpected argument "${more}"; flags begin with a dash`);
  if (options.engine.length === 0) throw new UsageError("--engine names the NATS servers; there are none");
  const { lookAtEngine } = await import("../../lib/jetstream/index.ts");
  let status: EngineStatus;
  try {
    status = await lookAtEngine({
      servers: options.engine,
      credentials: readEngineCredentials(options.engineCredentials),
      prefix: options.enginePrefix,
      limits: LIMITS,
      logger: silentLogger,
    });
  } catch (error) {
    const reason = explainOpenError(error);
    if (reason === undefined) throw error;
    stderr.write(`netlog: ${reason}\n`);
    return EXIT.failed;
  }
  stdout.write(options.json ? status.topics.map(toJson).join("") : toTable(status));
  return status.topics.every(isWell) ? EXIT.ok : EXIT.failed;
}

function isWell({ unserved, isOwnerAlive, copies }: TopicStatus): boolean {
  return (
    (isOwnerAlive || unserved !== undefined) &&
    copies.every(({ isCurrent, isOffline }) => isCurrent && !isOffline)
  );
}

function toJson({
  topic,
  stream,
  unserved,
  owner,
  isOwnerAlive,
  isBeingMoved,
  epoch,
  messages,
  sizeBytes,
  leader,
  copies,
}: TopicStatus): string {
  const line = {
    topic,
    stream,
    ...(unserved === undefined ? {} : { unserved }),
    owner: owner ?? null,
    owner_alive: isOwnerAlive,
    ...(isBeingMoved ? { being_moved: true } : {}),
    epoch,
    messages,
    bytes: sizeBytes,
    leader: leader ?? null,
    copies: copies.map(({ server, lag, isCurrent, isOffline }) => ({
      server,
      lag,
      current: isCurrent,
      offline: isOffline,
    })),
  };
  return `${JSON.stringify(line)}\n`;
}

function toTable({ version, topics }: EngineStatus): string {
  const rows = [["TOPIC", "OWNER", "EPOCH", "SIZE", "LEADER", "COPIES"], ...topics.map(toRow)];
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join("  ")
      .trimEnd(),
  );
  return `${lines.join("\n")}\n${counted(topics.length, "topic")}, NATS ${version}\n`;
}

function toRow(status: TopicStatus): string[] {
  const { topic, epoch, sizeBytes, leader, copies } = status;
  const cells = copies.map(({ server, lag, isCurrent, isOffline }) => {
    if (isOffline) return `${server} offline`;
    return isCurrent ? server : `${server} ${lag} behind`;
  });
  const cell = (text: string): string => printable(text);
  return [
    topic,
    ownerText(status),
    String(epoch),
    formatBytes(sizeBytes),
    leader ?? "-",
    cells.join(", ") || "-",
  ].map(cell);
}

function ownerText({ unserved, owner, isOwnerAlive, isBeingMoved }: TopicStatus): string {
  if (unserved === "copying") return "(a copy, not whole)";
  if (unserved === "moved") return "(moved to a folder)";
  if (owner === undefined) return "nobody";
  return `${isBeingMoved ? "netlog migrate --back" : owner}${isOwnerAlive ? "" : " (gone)"}`;
}
