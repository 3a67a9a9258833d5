/** `netlog import`: brings the topics of a data folder of the Go NetLog over. */
import { resolve } from "node:path";
import {
  DataFolderError,
  type FolderFinding,
  type ImportedTopic,
  type ImportSummary,
  importGoData,
  isNetlogError,
  nodeDisk,
  nodeRuntime,
} from "../../lib/index.ts";
import { type Command, type Context, EXIT } from "../cli/command.ts";
import type { OptionTable } from "../cli/option.ts";
import { printable } from "../cli/printable.ts";
import { ProgressBar } from "../cli/progress-bar.ts";
import { statusOf, watchStopSignals } from "../cli/signals.ts";
import { JSON_OPTION } from "../cli/switch-option.ts";
import { UsageError } from "../cli/usage-error.ts";
import { SERVE_OPTIONS } from "../options/options.ts";
import { parseArguments } from "../options/parse-options.ts";
import { findingJson, findingText } from "./finding-text.ts";

interface ImportOptions {
  readonly config: string;
  readonly dir: string;
  readonly json: boolean;
}

const IMPORT_OPTIONS: OptionTable<ImportOptions> = {
  config: SERVE_OPTIONS.config,
  dir: { ...SERVE_OPTIONS.dir, description: "Data folder to import into; made when it is missing" },
  json: JSON_OPTION,
};

export const importCommand: Command = {
  usage: "<folder> [flags] [topic...]",
  details: [
    "Reads <folder>, which a Go NetLog has written and no longer writes to, and makes its topics here: all, or\n" +
      "those that are named, with the same offsets, times, settings and scanner positions. <folder> is never\n" +
      "written to. A topic appears whole or not at all; one that is here already stays as it is.",
    "What is damaged there is left out and named, the rest is imported; offsets that are lost stay empty. Findings\n" +
      "are of the kinds that `netlog help check` tells of.",
    "Ends with status 0 when everything was imported, 1 when something was not, 2 for wrong arguments.",
    'With --json each finding is a line as `netlog check --json` tells it, each topic a line {"name","isImported",\n' +
      '"messageCount","logStartOffset","logEndOffset","segmentCount","scannerCount"}, or with "reason" instead of\n' +
      'the figures, and the last line {"summary":{"topicCount","refusedCount","messageCount","found":{"damage",\n' +
      '"unreadable","torn","note"},"isComplete"}}.',
  ],
  options: IMPORT_OPTIONS,
  run(context) {
    const { options, operands } = parseArguments(IMPORT_OPTIONS, context.args, context.environment);
    const [folder, ...topics] = operands;
    if (folder === undefined || folder === "") {
      throw new UsageError("import needs the folder to import: netlog import <folder> [topic...]");
    }
    return importData(resolve(folder), topics, options, context);
  },
};

async function importData(
  source: string,
  topics: readonly string[],
  options: ImportOptions,
  { stdout, stderr }: Context,
): Promise<number> {
  const bar = new ProgressBar(stderr, "import");
  const stop = watchStopSignals();
  const tell = (json: object, text: string): void => {
    bar.clear();
    stdout.write(`${options.json ? JSON.stringify(json) : text}\n`);
  };
  try {
    const summary = await importGoData({
      disk: nodeDisk,
      runtime: nodeRuntime,
      source,
      folder: resolve(options.dir),
      topics,
      onFinding: (finding: FolderFinding) => tell(findingJson(finding), findingText(finding)),
      onTopic: (topic) => tell(topic, topicText(topic)),
      onProgress: (doneBytes, totalBytes) => bar.update(doneBytes, totalBytes),
      isCancelled: () => stop.received !== undefined,
    });
    tell({ summary }, summaryText(summary));
    if (stop.received !== undefined) return statusOf(stop.received);
    return isWhole(summary) ? EXIT.ok : EXIT.failed;
  } catch (error) {
    bar.clear();
    if (isNetlogError(error, "topic_not_found")) throw new UsageError(error.reason ?? error.message);
    if (!(error instanceof DataFolderError)) throw error;
    stderr.write(`netlog: ${error.message}\n`);
    return EXIT.failed;
  } finally {
    stop.end();
  }
}

/** Nothing that was to be imported is missing here. */
function isWhole({ refusedCount, found }: ImportSummary): boolean {
  return refusedCount + found.damage + found.unreadable + found.torn === 0;
}

function topicText(topic: ImportedTopic): string {
  if (!topic.isImported) return printable(`not imported: ${topic.name}: ${topic.reason}`);
  const { name, messageCount, logStartOffset, logEndOffset, segmentCount, scannerCount } = topic;
  const offsets = messageCount === 0 ? "" : ` (offsets ${logStartOffset} to ${logEndOffset - 1})`;
  const parts = [
    `${counted(messageCount, "message")}${offsets}`,
    counted(segmentCount, "segment"),
    counted(scannerCount, "scanner"),
  ];
  return printable(`imported: ${name}: ${parts.join(", ")}`);
}

function summaryText(summary: ImportSummary): string {
  const { topicCount, refusedCount, messageCount, found, isComplete } = summary;
  const done = `${counted(topicCount, "topic")} with ${counted(messageCount, "message")} imported`;
  const work = `${done}, ${counted(refusedCount, "topic")} not imported`;
  const counts = `${found.damage} damaged, ${found.unreadable} unreadable, ${found.torn} torn, ${found.note} notes`;
  const verdict = !isComplete ? "stopped before the end" : isWhole(summary) ? "done" : "NOT everything";
  return `${verdict}: ${work}; ${counts}`;
}

function counted(count: number, thing: string): string {
  return `${count} ${thing}${count === 1 ? "" : "s"}`;
}
