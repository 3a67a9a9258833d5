/** What `GET /:topic` tells about a topic, in the words of the wire. */
import type { LogDescription } from "../log/log.ts";
import type { ScannerInfo } from "../scanner/scanner-info.ts";
import type { TopicSettings } from "./settings.ts";

/** Sizes are bytes, times RFC 3339. */
export interface SegmentInfo {
  readonly first_offset: number;
  /** Data and index. */
  readonly disk_size: number;
  readonly data_size: number;
  readonly mod_time: string;
}

/** Fields in the order in which they are told. */
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
}

export function describeTopic(
  { name, id, settings }: Pick<TopicInfo, "name" | "id" | "settings">,
  log: LogDescription,
  scanners: readonly ScannerInfo[],
): TopicInfo {
  return {
    name,
    path: name,
    disk_size: log.diskSizeBytes,
    first_offset: log.logStartOffset,
    latest_offset: log.highWatermark - 1,
    segments: log.segments.map((segment) => ({
      first_offset: segment.baseOffset,
      disk_size: segment.diskSizeBytes,
      data_size: segment.dataSizeBytes,
      mod_time: formatTime(segment.modifiedAtMs),
    })),
    mod_time: formatTime(log.modifiedAtMs),
    scanners: Object.fromEntries(scanners.map((scanner) => [scanner.id, scanner])),
    id,
    settings,
  };
}

function formatTime(timeMs: number): string {
  return new Date(timeMs).toISOString();
}
