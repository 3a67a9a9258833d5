/** Opens what NATS has of a topic: its log, which this server takes over, its settings, its scanners and its state. */
import { NetlogError } from "../../base/errors.ts";
import type { TopicSettings } from "../../topic/setting-table.ts";
import { logLimitsOf } from "../../topic/settings.ts";
import { forkEndOffset, type Lineage, type StoredTopic } from "../../topic/storage.ts";
import { type Owner, UNSERVED_REASONS } from "../log/claim.ts";
import { StreamLog } from "../log/stream-log.ts";
import type { EngineShared, LogFailure, StreamLogOptions } from "../log/stream-log-options.ts";
import { type OpenedStream, ScannerStream } from "../scanners/scanner-stream.ts";
import { StateStream } from "../scanners/state-stream.ts";
import { StreamScannerStore } from "../scanners/stream-scanner-store.ts";
import type { TopicAdmin } from "../topics/topic-admin.ts";
import type { TopicDescription } from "../topics/topic-description.ts";

/** What the topics of a server share. */
export interface StreamParts {
  readonly shared: EngineShared;
  readonly admin: TopicAdmin;
  readonly owner: Owner;
  /** The log of a topic has failed: see StreamLogOptions. */
  readonly onFailed: (topic: string, failure: LogFailure) => void;
}

export interface OpenStreams {
  readonly stored: StoredTopic;
  readonly log: StreamLog;
  /** As StoredTopic has it; idempotent. */
  close(): Promise<void>;
}

/** What is opened where it is no topic that is served. */
export interface SpecialOpening extends Pick<StreamLogOptions, "firstOffset" | "unserved"> {
  /** Called when the log is this server's: a former owner has a moment to keep what its scanners have given. */
  readonly onTaken?: () => Promise<void>;
}

/** Opens a topic whose stream is there; see Storage.open. @throws topic_unavailable. */
export async function openTopicStreams(
  parts: StreamParts,
  name: string,
  defaults: TopicSettings,
  lineage: () => Lineage,
  special: SpecialOpening = {},
): Promise<OpenStreams> {
  const { shared, admin, owner, onFailed } = parts;
  const { names, logger } = shared;
  const before = await admin.read(name, defaults);
  requireAs(before.description, special);
  const log = await StreamLog.open({
    shared,
    topic: name,
    owner,
    limits: logLimitsOf(before.description.settings ?? defaults),
    onFailed: (failure) => onFailed(name, failure),
    firstOffset: special.firstOffset ?? 0,
    unserved: special.unserved,
  });
  let opened: OpenedStream | undefined;
  try {
    await special.onTaken?.();
    // As the former owner left it: it changes nothing any more.
    const { description } = await admin.read(name, defaults);
    const { id, hasKept } = description;
    const settings = { ...(description.settings ?? defaults) };
    await log.setLimits(logLimitsOf(settings));
    const trouble = description.settings === undefined ? SETTINGS_LOST : undefined;
    if (trouble !== undefined) logger.error({ topic: name }, trouble);
    opened = await ScannerStream.open({
      shared,
      admin,
      topic: { name, id },
      owner,
      epoch: log.epoch,
      confirmOwner: () => log.confirmOwner(),
    });
    const { stream, files, isNew } = opened;
    const isLost = hasKept && isNew;
    if (isLost)
      logger.error({ topic: name }, "NATS has nothing of the topic's scanners any more: they are lost");
    const scannerStore = new StreamScannerStore({
      ...shared,
      store: stream,
      subjectPrefix: names.scannerSubject(name, ""),
    });
    const { logEndOffset } = log;
    const subject = names.stateSubject(name);
    const { source } = lineage();
    const stateStore = new StateStream(files.file(subject), {
      store: stream,
      subject,
      read: () => stream.read(subject),
      isExpected: files.subjects.includes(subject) || isLost,
      logEndOffset,
      startsAt: source === undefined ? 0 : forkEndOffset(source),
    });
    const scanners = await scannerStore.load(files, logEndOffset);
    const replaceSettings = async (replaced: TopicSettings): Promise<void> => {
      await log.confirmOwner();
      await admin.describe(name, id, (described) => ({ ...described, settings: replaced }));
    };
    let closing: Promise<void> | undefined;
    const close = (): Promise<void> => {
      closing ??= closeKept(scannerStore, stream, shared);
      return closing;
    };
    const kept = { scannerStore, stateStore, scanners };
    const stored = { id, log, settings, trouble, ...kept, lineage, replaceSettings, close };
    return { stored, log, close };
  } catch (error) {
    await opened?.stream.close();
    await log.close();
    throw error;
  }
}

/** @throws topic_unavailable: it is another thing than what is to be opened. */
function requireAs({ unserved: found }: TopicDescription, { unserved: wanted }: SpecialOpening): void {
  if (found === undefined ? wanted !== "copying" : found === wanted) return;
  const reason = UNSERVED_REASONS[found ?? "copying"];
  throw new NetlogError("topic_unavailable", { reason });
}

const SETTINGS_LOST =
  "the topic's settings are lost (the description of its stream says none that can be read): its messages can be read, " +
  "and nothing is appended; set them anew with PATCH /:topic: what it does not name becomes the server's default";

async function closeKept(
  scannerStore: StreamScannerStore,
  stream: ScannerStream,
  { logger }: EngineShared,
): Promise<void> {
  await scannerStore.sync().catch((error: unknown) => {
    logger.warn({ err: error }, "positions of scanners were not kept; they may repeat messages");
  });
  await stream.close();
}
