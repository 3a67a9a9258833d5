/** `netlog check`: goes through a data folder without a server, and reports what is wrong. */
import { resolve } from "node:path";
import { checkDataFolder, type FolderCheckSummary, LIMITS, nodeDisk } from "../../lib/index.ts";
import { type Command, type Context, EXIT } from "../cli/command.ts";
import { counted, formatBytes } from "../cli/figures.ts";
import type { OptionTable } from "../cli/option.ts";
import { JSON_OPTION } from "../cli/switch-option.ts";
import { SERVE_OPTIONS } from "../options/options.ts";
import { parseArguments } from "../options/parse-options.ts";
import { foundText, walkFolder } from "./walk-folder.ts";

const MS_PER_SECOND = 1000;

interface CheckOptions {
  readonly config: string;
  readonly dir: string;
  readonly json: boolean;
}

const CHECK_OPTIONS: OptionTable<CheckOptions> = {
  config: SERVE_OPTIONS.config,
  dir: { ...SERVE_OPTIONS.dir, description: "Data folder to check" },
  json: JSON_OPTION,
};

export const checkCommand: Command = {
  usage: "[flags] [topic...]",
  details: [
    "Reads everything: segment headers, frames, message sets and messages, indexes, settings, scanners. Looks at\n" +
      "all topics, or at those that are named. Changes nothing, and needs the server to be stopped. A finding is\n" +
      "`damage` (what was stored is lost or wrong), `unreadable` (the system does not let it be read), `torn` (the\n" +
      "end of a write that a crash cut off before it was confirmed; the next start cuts it) or `note` (nothing is\n" +
      "lost, such as an index that is made anew).",
    "Ends with status 0 when there is neither damage nor anything unreadable, 1 when there is, 2 for wrong\n" +
      "arguments.",
    'With --json each finding is a line {"kind","topic","file","position","offset","nextOffset","type","expected",\n' +
      '"actual","message"}, where fields that do not apply are absent, positions are bytes, and the messages\n' +
      '[offset, nextOffset) are concerned; the last line is {"summary":{"topicCount","segmentCount","sizeBytes",\n' +
      '"messageCount","found":{"damage","unreadable","torn","note"},"isComplete"}}.',
  ],
  options: CHECK_OPTIONS,
  run(context) {
    const { options, operands } = parseArguments(CHECK_OPTIONS, context.args, context.environment);
    return check(options, operands, context);
  },
};

function check(options: CheckOptions, topics: readonly string[], context: Context): Promise<number> {
  const startedAtMs = performance.now();
  return walkFolder("check", options.json, context, async (events, print) => {
    const folder = resolve(options.dir);
    const summary = await checkDataFolder({ ...events, limits: LIMITS, disk: nodeDisk, folder, topics });
    print({ summary }, summaryText(summary, performance.now() - startedAtMs));
    return summary.found.damage + summary.found.unreadable > 0 ? EXIT.failed : EXIT.ok;
  });
}

function summaryText(summary: FolderCheckSummary, elapsedMs: number): string {
  const { topicCount, segmentCount, sizeBytes, messageCount, found, isComplete } = summary;
  const folders = `${counted(topicCount, "topic")}, ${counted(segmentCount, "segment")}`;
  const work = `${folders}, ${formatBytes(sizeBytes)}, ${counted(messageCount, "message")} whole`;
  const isHealthy = found.damage + found.unreadable === 0;
  const verdict = !isComplete ? "stopped before the end" : isHealthy ? "healthy" : "NOT healthy";
  return `${verdict}: ${work}, in ${(elapsedMs / MS_PER_SECOND).toFixed(1)}s; ${foundText(found)}`;
}
