/**
 * What the server tells and takes as JSON, in its own words, and so in snake_case. Durations are texts such as
 * `1m30s` or `30day`, times RFC 3339, sizes bytes.
 */

/** How safe a message is when its publish is answered; see the server's promises. */
export type Durability = "synced" | "written";

export interface TopicSettings {
  /** Segments whose newest message is older are dropped. */
  readonly segment_age: string;
  readonly segment_size: number;
  readonly batch_num_messages: number;
  readonly batch_interval: string;
  /** 1 none, 2 gzip, 3 snappy. */
  readonly compression_type: 1 | 2 | 3;
  readonly durability: Durability;
  readonly sync_interval: string;
  /** 0: no limit. */
  readonly retention_size: number;
  /** How long an idempotency key is remembered. */
  readonly idempotency_window: string;
  /** The topic is deleted when nobody has published to it or read from it for so long. */
  readonly ttl?: string | undefined;
  /** When the topic is deleted, RFC 3339. */
  readonly expires_at?: string | undefined;
  /** The type of messages that bring none; only a topic's creation sets it. */
  readonly content_type?: string | undefined;
}

/** What is left out is the server's default, or stays as it is; zero, or an empty text, is the server's default. */
export type TopicSettingsChange = {
  readonly [Name in keyof TopicSettings]?:
    | (Name extends "compression_type" ? 0 : never)
    | TopicSettings[Name]
    | undefined;
};

export interface SegmentInfo {
  readonly first_offset: number;
  readonly disk_size: number;
  readonly data_size: number;
  readonly mod_time: string;
}

export interface ScannerInfo {
  readonly id: string;
  /** The message to be given next. */
  readonly next: number;
  readonly from: number;
  readonly persistent: boolean;
}

export interface TopicInfo {
  readonly name: string;
  readonly path: string;
  readonly disk_size: number;
  /** The first message still kept. */
  readonly first_offset: number;
  /** The newest message; one less than `first_offset` when there is none. */
  readonly latest_offset: number;
  readonly segments: readonly SegmentInfo[];
  readonly mod_time: string;
  readonly scanners: Readonly<Record<string, ScannerInfo>>;
  /** Random, of its making: a topic of the same name that was made later has another. */
  readonly id: string;
  readonly settings: TopicSettings;
  /** Where it is closed: it takes no more messages, and all of them can be read. */
  readonly closed?: true;
  /** A fork's source, and where the fork left it: `bytes` within the message. */
  readonly forked_from?: {
    readonly topic: string;
    readonly id: string;
    readonly offset: number;
    readonly bytes?: number;
  };
  /** How many forks it has, where it has some. */
  readonly forks?: number;
}

export interface ScannerSettings {
  readonly ack_wait?: string;
  /** 0: no limit. */
  readonly max_deliver?: number;
  readonly max_pending?: number;
  readonly dead_letter?: string | null;
  /** `null`: never. */
  readonly expire: string | null;
  /** The keys that the scanner reads, where it reads by key. */
  readonly key?: readonly string[];
}

export interface ScannerDescription extends ScannerInfo {
  readonly ack: "auto" | "explicit";
  /** Messages of the topic from `next` on. */
  readonly lag: number;
  /** Given out and not settled. */
  readonly pending: number;
  /** How long the oldest of them is pending. */
  readonly oldest_pending: string | null;
  readonly redelivered: number;
  readonly dead_lettered: number;
  /** Dropped by retention before the scanner came to them. */
  readonly skipped: number;
  readonly last_scan: string | null;
  readonly settings: ScannerSettings;
}

/** A message that was given out and is not settled. */
export interface PendingMessage {
  readonly offset: number;
  /** How often it was given out. */
  readonly deliveries: number;
  /** `due` waits for a scan; `dying` is on its way to the dead letters. */
  readonly state: "leased" | "delayed" | "due" | "dying";
  /** When its lease or delay ends; `null` where it waits for nothing but a scan, or is being copied. */
  readonly due: string | null;
}

export type TopicRight = "read" | "write" | "admin";

/** A topic among many. What went in and out is counted from when the server opened the topic. */
export interface TopicFigures {
  readonly name: string;
  /** Those that can be read. */
  readonly messages: number;
  readonly disk_size: number;
  readonly messages_in: number;
  readonly bytes_in: number;
  readonly messages_out: number;
  readonly bytes_out: number;
  /** When the newest message was published; `null` where none ever was. */
  readonly newest: string | null;
  readonly scanners: number;
  /** What the scanner that is furthest behind has not had; `null` where there is none. */
  readonly lag: number | null;
  readonly closed?: true;
  /** Why the topic is not served, or takes no messages. */
  readonly failed?: string;
  /** Where tokens are used: what the token may do to it. */
  readonly may?: readonly TopicRight[];
}

export interface TopicPage {
  /** Topics of all pages. */
  readonly count: number;
  /** Where tokens are used: what the token may do to some topics, or to all. */
  readonly may?: readonly TopicRight[];
  readonly topics: readonly TopicFigures[];
  /** What `after` takes for the next page, where there is one. */
  readonly next?: string;
}

export type TopicSort = Exclude<keyof TopicFigures, "closed" | "failed" | "may">;

/** One damaged place of a topic. */
export interface Finding {
  readonly offset: number;
  /** So many offsets are damaged. */
  readonly odelta: number;
  readonly type: "checksum" | "length" | "unknown";
  readonly expected: string;
  readonly actual: string;
}
