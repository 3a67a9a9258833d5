/** `netlog import`: brings the topics of a data folder of the Go NetLog over. */
import { resolve } from "node:path";
import {
  type ImportedTopic,
  type ImportSummary,
  importGoData,
  LIMITS,
  nodeDisk,
  nodeRuntime,
} from "../../lib/index.ts";
import { type Command, type Context, EXIT } from "../cli/command.ts";
import { counted } from "../cli/figures.ts";
import type { OptionTable } from "../cli/option.ts";
import { printable } from "../cli/printable.ts";
import { JSON_OPTION } from "../cli/switch-option.ts";
import { UsageError } from "../cli/usage-error.ts";
import { SERVE_OPTIONS } from "../options/options.ts";
import { parseArguments } from "../options/parse-options.ts";
import { foundText, walkFolder } from "./walk-folder.ts";

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
      "are of the kinds that `netlog help check` explains.",
    "Ends with status 0 when everything was imported, 1 when something was not, 2 for wrong arguments.",
    'With --json each finding is a line as `netlog check --json` prints it, each topic a line {"name","isImported",\n' +
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

function importData(
  source: string,
  topics: readonly string[],
  options: ImportOptions,
  context: Context,
): Promise<number> {
  return walkFolder("import", options.json, context, async (events, print) => {
    const summary = await importGoData({
      ...events,
      limits: LIMITS,
      disk: nodeDisk,
      runtime: nodeRuntime,
      source,
      folder: resolve(options.dir),
      topics,
      onTopic: (topic) => print(topic, topicText(topic)),
    });
    print({ summary }, summaryText(summary));
    return isWhole(summary) ? EXIT.ok : EXIT.failed;
  });
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
  const verdict = !isComplete ? "stopped before the end" : isWhole(summary) ? "done" : "NOT everything";
  return `${verdict}: ${work}; ${foundText(found)}`;
}
