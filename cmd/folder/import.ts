/** `netlog import`: brings the topics of a data folder of the Go NetLog over, or a topic out of a file of frames. */
import { basename, resolve } from "node:path";
import {
  type ImportedTopic,
  type ImportSummary,
  importFrames,
  importGoData,
  isNetlogError,
  LIMITS,
  type NetlogError,
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
  usage: "<source> [flags] [topic...]",
  details: [
    "Reads <source>, a folder that a Go NetLog has written and no longer writes to, and makes its topics here: all, or\n" +
      "those that are named, with the same offsets, times, settings and scanner positions. <source> is never\n" +
      "written to. A topic appears whole or not at all; one that is here already stays as it is.",
    "A <source> that is a file of `netlog export --format frames` becomes the topic that is named, or that of the file's\n" +
      "name: with the same offsets and times, what the messages carry, and the idempotency keys and producers that are\n" +
      "remembered with them. It has default settings and no scanners. No server may run on --dir meanwhile.",
    "What is damaged there is left out and named, the rest is imported; offsets that are lost stay empty. Findings\n" +
      "are of the kinds that `netlog help check` explains.",
    "Ends with status 0 when everything was imported, 1 when something was not, 2 for wrong arguments.",
    'With --json each finding is a line as `netlog check --json` prints it, each topic a line {"name","isImported",\n' +
      '"messageCount","logStartOffset","logEndOffset","segmentCount","scannerCount"}, or with "reason" instead of\n' +
      'the figures, and the last line {"summary":{"topicCount","refusedCount","messageCount","found":{"damage",\n' +
      '"unreadable","torn","note"},"isComplete"}}.',
  ],
  options: IMPORT_OPTIONS,
  async run(context) {
    const { options, operands } = parseArguments(IMPORT_OPTIONS, context.args, context.environment);
    const [folder, ...topics] = operands;
    if (folder === undefined || folder === "") {
      throw new UsageError("import needs a folder or file to import: netlog import <source> [topic...]");
    }
    if ((await nodeDisk.stat(resolve(folder)))?.kind === "file") {
      const [name = basename(folder).replace(/\.frames$/, ""), ...more] = topics;
      if (more.length > 0) throw new UsageError("a file of frames becomes one topic; name one");
      return await importFile(resolve(folder), name, options, context);
    }
    return await importData(resolve(folder), topics, options, context);
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

function importFile(file: string, name: string, options: ImportOptions, context: Context): Promise<number> {
  return walkFolder("import", options.json, context, async (events, print) => {
    const found = { damage: 0, unreadable: 0, torn: 0, note: 0 };
    let topic: ImportedTopic;
    try {
      const imported = await importFrames({
        ...events,
        onFinding: (finding) => {
          found[finding.kind] += 1;
          events.onFinding(finding);
        },
        limits: LIMITS,
        disk: nodeDisk,
        runtime: nodeRuntime,
        file,
        folder: resolve(options.dir),
        name,
      });
      topic = { name, isImported: true, ...imported, scannerCount: 0 };
    } catch (error) {
      if (!isNetlogError(error)) throw error;
      topic = { name, isImported: false, reason: refusalText(error) };
    }
    print(topic, topicText(topic));
    const summary: ImportSummary = {
      topicCount: topic.isImported ? 1 : 0,
      refusedCount: topic.isImported ? 0 : 1,
      messageCount: topic.isImported ? topic.messageCount : 0,
      found,
      isComplete: !events.isCancelled(),
    };
    print({ summary }, summaryText(summary));
    return isWhole(summary) ? EXIT.ok : EXIT.failed;
  });
}

function refusalText({ code, reason, message }: NetlogError): string {
  return code === "topic_exists" ? "there is a topic of this name already" : (reason ?? message);
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
