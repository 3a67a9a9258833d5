/** What `GET /:topic` tells about a topic, in the words of the wire. */
import type { Runtime } from "../base/runtime.ts";
import { WorkMeter } from "../base/work-meter.ts";
import type { LogDescription } from "../log/log.ts";
import type { Scanner } from "../scanner/scanner.ts";
import type { ScannerInfo } from "../scanner/scanner-info.ts";
import type { TopicSettings } from "./setting-table.ts";
import type { Lineage } from "./storage.ts";

/** What it takes to describe one segment or scanner. */
const ENTRY_WORK_BYTES = 256;

/** Sizes are bytes, times RFC 3339. */
export interface SegmentInfo {
  readonly first_offset: number;
  /** Data and index. */
  readonly disk_size: number;
  readonly data_size: number;
  readonly mod_time: string;
}

/** Fields in the order in which clients see them. */
export interface TopicInfo {
  readonly name: string;
  /** The folder's name within the data folder. */
  readonly path: string;
  readonly disk_size: number;
  /** The first offset still kept. */
  readonly first_offset: number;
  /** The newest message that can be read; one less than `first_offset` when there is none. */
  readonly latest_offset: number;
  readonly segments: readonly SegmentInfo[];
  readonly mod_time: string;
  readonly scanners: Readonly<Record<string, ScannerInfo>>;
  /** Random, of its making: a topic of the same name that was made later has another. */
  readonly id: string;
  readonly settings: TopicSettings;
  /** Where it takes no more messages for good, and all of them can be read. */
  readonly closed?: true;
  /** A fork's source, which may be gone by now, and where the fork left it: `bytes` within the message. */
  readonly forked_from?: {
    readonly topic: string;
    readonly id: string;
    readonly offset: number;
    readonly bytes?: number;
  };
  /** How many forks it has, where it has some. Their names are for those who may read them. */
  readonly forks?: number;
}

/** Gives the event loop back in between: there may be many segments and scanners. */
export async function describeTopic(
  {
    name,
    id,
    settings,
    isClosed,
    lineage,
  }: Pick<TopicInfo, "name" | "id" | "settings"> & { readonly isClosed: boolean; readonly lineage: Lineage },
  log: LogDescription,
  scanners: readonly Pick<Scanner, "info">[],
  runtime: Pick<Runtime, "pause">,
): Promise<TopicInfo> {
  const meter = new WorkMeter();
  const segmentInfos: SegmentInfo[] = [];
  for (const segment of log.segments) {
    segmentInfos.push(describeSegment(segment));
    if (meter.isDue(ENTRY_WORK_BYTES)) await runtime.pause();
  }
  // A scanner may have the name of what every other object inherits.
  const scannerInfos = Object.create(null) as Record<string, ScannerInfo>;
  for (const scanner of scanners) {
    const info = scanner.info();
    scannerInfos[info.id] = info;
    if (meter.isDue(ENTRY_WORK_BYTES)) await runtime.pause();
  }
  return {
    name,
    path: name,
    disk_size: log.diskSizeBytes,
    first_offset: log.logStartOffset,
    latest_offset: log.highWatermark - 1,
    segments: segmentInfos,
    mod_time: formatTime(log.modifiedAtMs),
    scanners: scannerInfos,
    id,
    settings,
    ...(isClosed ? { closed: true } : {}),
    ...describeLineage(lineage),
  };
}

function describeLineage({ source, forks }: Lineage): Pick<TopicInfo, "forked_from" | "forks"> {
  const own = forks.length === 0 ? {} : { forks: forks.length };
  if (source === undefined) return own;
  const { topic, id, offset, bytes } = source;
  return { forked_from: { topic, id, offset, ...(bytes === 0 ? {} : { bytes }) }, ...own };
}

function describeSegment(segment: LogDescription["segments"][number]): SegmentInfo {
  return {
    first_offset: segment.baseOffset,
    disk_size: segment.diskSizeBytes,
    data_size: segment.dataSizeBytes,
    mod_time: formatTime(segment.modifiedAtMs),
  };
}

function formatTime(timeMs: number): string {
  return new Date(timeMs).toISOString();
}
