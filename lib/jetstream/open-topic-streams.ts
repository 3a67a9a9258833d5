/** Opens what NATS has of a topic: its log, which this server takes over, its settings, its scanners and its state. */
import type { TopicSettings } from "../topic/setting-table.ts";
import { logLimitsOf } from "../topic/settings.ts";
import { forkEndOffset, type Lineage, type StoredTopic } from "../topic/storage.ts";
import type { Owner } from "./claim.ts";
import { type OpenedStream, ScannerStream } from "./scanner-stream.ts";
import { StateStream } from "./state-stream.ts";
import { StreamLog } from "./stream-log.ts";
import type { EngineShared, LogFailure } from "./stream-log-options.ts";
import { StreamScannerStore } from "./stream-scanner-store.ts";
import type { TopicAdmin } from "./topic-admin.ts";

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

/**
 * Opens a topic whose stream is there; see Storage.open. `firstOffset` is where the log of a new topic begins.
 *
 * @throws topic_unavailable.
 */
export async function openTopicStreams(
  parts: StreamParts,
  name: string,
  defaults: TopicSettings,
  lineage: () => Lineage,
  firstOffset = 0,
): Promise<OpenStreams> {
  const { shared, admin, owner, onFailed } = parts;
  const { names, logger } = shared;
  const before = await admin.read(name, defaults);
  const log = await StreamLog.open({
    shared,
    topic: name,
    owner,
    limits: logLimitsOf(before.description.settings ?? defaults),
    onFailed: (failure) => onFailed(name, failure),
    firstOffset,
  });
  let opened: OpenedStream | undefined;
  try {
    // As the former owner left it: it changes nothing any more.
    const { description } = await admin.read(name, defaults);
    const { id, hasKept } = description;
    const settings = { ...(description.settings ?? defaults) };
    await log.setLimits(logLimitsOf(settings));
    const trouble = description.settings === undefined ? SETTINGS_LOST : undefined;
    if (trouble !== undefined) logger.error({ topic: name }, trouble);
    const confirmOwner = () => log.confirmOwner();
    opened = await ScannerStream.open({
      shared,
      admin,
      topic: { name, id },
      owner,
      epoch: log.epoch,
      confirmOwner,
    });
    const { stream, files } = opened;
    if (hasKept && !stream.isMade) {
      logger.error({ topic: name }, "NATS has no stream of the topic's scanners any more: they are lost");
    }
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
      isExpected: files.subjects.includes(subject) || (hasKept && !stream.isMade),
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
