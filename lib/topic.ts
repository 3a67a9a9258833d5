/** One topic: publish, read, scan, check. */
import type { Durability } from "./log/log.ts";
import type { Scanner, ScannerInfo } from "./scanner.ts";

export interface Published {
  readonly offset: number;
  readonly timestampMs: number;
  /** What was reached. */
  readonly durability: Durability;
}

export interface Message {
  readonly offset: number;
  readonly timestampMs: number;
  readonly crc32: number;
  readonly payload: Buffer;
}

export interface Finding {
  readonly offset: number;
  readonly odelta: number;
  readonly type: "checksum" | "length" | "unknown";
  readonly expected: string;
  readonly actual: string;
}

/** A topic's settings, in the words of the wire. */
export interface TopicSettings {
  readonly segment_age: string;
  readonly segment_size: number;
  readonly batch_num_messages: number;
  readonly batch_interval: string;
  readonly compression_type: 1 | 2 | 3;
  readonly durability: Durability;
  readonly sync_interval: string;
  readonly retention_size: number;
}

export interface SegmentInfo {
  readonly first_offset: number;
  readonly disk_size: number;
  readonly data_size: number;
  readonly mod_time: string;
}

/** The JSON of `GET /:topic`, fields in this order. */
export interface TopicInfo {
  readonly name: string;
  readonly path: string;
  readonly disk_size: number;
  readonly first_offset: number;
  readonly latest_offset: number;
  readonly segments: readonly SegmentInfo[];
  readonly mod_time: string;
  readonly scanners: Readonly<Record<string, ScannerInfo>>;
  readonly settings: TopicSettings;
}

export class Topic {
  readonly name: string = unfinished();
  readonly settings: TopicSettings = unfinished();
  publish(payload: Uint8Array, durability?: Durability): Promise<Published> {
    return unfinished(payload, durability);
  }
  message(offset: number): Promise<Message> {
    return unfinished(offset);
  }
  resolveOffset(text: string): Promise<number> {
    return unfinished(text);
  }
  sync(): Promise<void> {
    return unfinished();
  }
  info(): Promise<TopicInfo> {
    return unfinished();
  }
  /** `from` as text: any spelling of an offset; what is no spelling, or is out of range, is bad_request. */
  check(from: number | string, isCancelled?: () => boolean): Promise<Finding[]> {
    return unfinished(from, isCancelled);
  }
  /** `from` as text: any spelling of an offset; what is none of them is bad_request. */
  createScanner(options: { readonly from: number | string; readonly persist: boolean }): Promise<Scanner> {
    return unfinished(options);
  }
  scanner(id: string): Scanner {
    return unfinished(id);
  }
  deleteScanner(id: string): Promise<void> {
    return unfinished(id);
  }
}

function unfinished(..._given: unknown[]): never {
  throw new Error("not built yet");
}
