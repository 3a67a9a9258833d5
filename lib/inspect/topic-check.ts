/**
 * Checks the folder of one topic that no server has open: settings, the log with every message in it, scanners,
 * and what else lies there. Changes nothing.
 */
import { isNetlogError } from "../base/errors.ts";
import { nodeRuntime } from "../base/runtime.ts";
import type { Disk } from "../disk/disk.ts";
import {
  damageFinding,
  type FileFinding,
  frameBytes,
  framesOf,
  type InspectStep,
  inspectLog,
  isLogFileName,
  type LogInspection,
  unreadableFinding,
} from "../log/index.ts";
import { SCANNERS_FOLDER } from "../scanner/file-scanner-store.ts";
import type { Limits } from "../storage/limits.ts";
import { LINEAGE_NAME } from "../storage/lineage-file.ts";
import { SETTINGS_NAMES } from "../storage/settings-copies.ts";
import { STATE_NAMES } from "../storage/state-copies.ts";
import { readTopicId, TOPIC_ID_NAME } from "../storage/topic-id.ts";
import { checkEntry, type EntryOptions } from "../topic/integrity.ts";
import { checkScanners } from "./scanners-check.ts";
import { checkSettings } from "./settings-check.ts";
import { checkState } from "./state-check.ts";

const KNOWN_NAMES: ReadonlySet<string> = new Set([
  TOPIC_ID_NAME,
  LINEAGE_NAME,
  ...SETTINGS_NAMES,
  ...STATE_NAMES,
  SCANNERS_FOLDER,
]);

export interface TopicCheckOptions extends EntryOptions {
  /** Only read from. */
  readonly disk: Disk;
  /** The topic's folder. */
  readonly folder: string;
  readonly limits: Limits;
}

export type TopicCheckStep =
  | { readonly kind: "finding"; readonly finding: FileFinding }
  /** So much of a data file was gone through. */
  | {
      readonly kind: "progress";
      readonly file: string;
      readonly position: number;
      readonly messageCount: number;
    }
  /** One data file is done with. */
  | { readonly kind: "segment"; readonly sizeBytes: number };

/** @throws what listing the folder throws. */
export async function* checkTopicFolder(
  options: TopicCheckOptions,
): AsyncGenerator<TopicCheckStep, void, void> {
  const { disk, folder, limits } = options;
  for (const name of await disk.list(folder)) {
    const isKnown = KNOWN_NAMES.has(name) || isLogFileName(name);
    if (!isKnown) yield strangerStep(`${folder}/${name}`);
  }
  const idTrouble = await troubleOfId(options);
  if (idTrouble !== undefined) yield { kind: "finding", finding: idTrouble };
  for (const finding of await checkSettings(options)) yield { kind: "finding", finding };
  const log = yield* checkLog(options);
  if (log.segmentCount === 0) {
    const finding: FileFinding = { kind: "damage", file: folder, message: "there is no data file" };
    yield { kind: "finding", finding };
  }
  for (const finding of await checkState(options, log.logEndOffset)) yield { kind: "finding", finding };
  const scanners = checkScanners({ disk, limits, folder: `${folder}/${SCANNERS_FOLDER}` }, log.logEndOffset);
  for await (const finding of scanners) yield { kind: "finding", finding };
}

/** Without an id a topic gets a new one, which costs nobody a message. */
async function troubleOfId({ disk, folder }: TopicCheckOptions): Promise<FileFinding | undefined> {
  const file = `${folder}/${TOPIC_ID_NAME}`;
  try {
    if ((await readTopicId(disk, folder)) !== undefined) return undefined;
    return { kind: "note", file, message: "missing, or no id of a topic; the next start makes a new one" };
  } catch (error) {
    return unreadableFinding(file, isNetlogError(error) ? error.cause : error);
  }
}

async function* checkLog(options: TopicCheckOptions): AsyncGenerator<TopicCheckStep, LogInspection, void> {
  const steps = inspectLog({ ...options, nowMs: nodeRuntime.now() });
  for (;;) {
    const { done, value } = await steps.next();
    if (done === true) return value;
    if (value.kind === "frames") yield* checkFrames(value, options);
    else yield value;
  }
}

async function* checkFrames(
  { run, file, position: start }: Extract<InspectStep, { readonly kind: "frames" }>,
  options: TopicCheckOptions,
): AsyncGenerator<TopicCheckStep, void, void> {
  let position = start;
  let messageCount = 0;
  for (const { header, entry } of framesOf(run.bytes)) {
    const flaw = await checkEntry(header, entry, options);
    if (flaw === undefined) {
      messageCount += header.messageCount;
    } else {
      const damage = { ...flaw, nextOffset: flaw.offset + flaw.odelta, file, position };
      yield { kind: "finding", finding: damageFinding(damage) };
    }
    position += frameBytes(header);
  }
  yield { kind: "progress", file, position, messageCount };
}

function strangerStep(file: string): TopicCheckStep {
  const message = file.endsWith(".tmp")
    ? "left by an interrupted change; it may be deleted"
    : "no file of a topic; left alone";
  return { kind: "finding", finding: { kind: "note", file, message } };
}
