/**
 * The settings of a topic in one table. Their checks (settings.ts), the description of the API, the flags of the
 * commands and a table in server/README.md follow from it, so a new setting is a new row here. It runs no engine.
 */
import type { Limits } from "./limits.ts";

/** A number, or the limit of that name. */
export type Bound = number | keyof Limits;

interface Row {
  /** Says what the setting is, in the words of help and documents. */
  readonly text: string;
  /** Only a topic's creation sets it; absent: a change may, for new messages. */
  readonly isFixed?: boolean;
  /** Name of the flag, where it is not the setting's own. */
  readonly flag?: string;
}

/** A text in canonical form. `0s` and an empty text stand for the default. */
export interface DurationSetting extends Row {
  readonly kind: "duration";
  /** In ms; absent: any. */
  readonly min?: Bound;
  readonly max?: Bound;
  /** `null`: without the setting there is nothing of the kind, and no answer shows it. */
  readonly default: string | null;
}

/** 0 stands for the default. */
export interface IntegerSetting extends Row {
  readonly kind: "integer";
  readonly unit: "bytes" | "count";
  readonly min: Bound;
  readonly max: Bound;
  readonly default: number;
}

/** One of some words. An empty text stands for the default. */
export interface ChoiceSetting extends Row {
  readonly kind: "choice";
  readonly choices: readonly string[];
  /** Words that are taken for a choice. */
  readonly synonyms: Readonly<Record<string, string>>;
  readonly default: string;
}

/** One of some numbers; flags have words for them. 0 stands for the default. */
export interface CodeSetting extends Row {
  readonly kind: "code";
  readonly codes: Readonly<Record<string, number>>;
  /** Error code for an integer that is none of them. */
  readonly refusedAs: "invalid_compression_type";
  readonly default: number;
}

/** An RFC 3339 time, kept in UTC. 0, `null` and an empty text stand for none. */
export interface TimeSetting extends Row {
  readonly kind: "time";
  readonly default: null;
}

/** A content type. 0, `null` and an empty text stand for none. */
export interface MediaTypeSetting extends Row {
  readonly kind: "media_type";
  readonly default: null;
}

export type Setting =
  | DurationSetting
  | IntegerSetting
  | ChoiceSetting
  | CodeSetting
  | TimeSetting
  | MediaTypeSetting;

/** In the order in which files and answers have them, in the words of the wire. */
const ROWS = {
  segment_age: {
    kind: "duration",
    default: "30day",
    text: "Age of its last message at which a segment is dropped",
  },
  segment_size: {
    kind: "integer",
    unit: "bytes",
    min: "segmentSizeMinBytes",
    max: "segmentSizeMaxBytes",
    default: 1_073_741_824,
    text: "Size at which a segment is closed and the next one begun",
  },
  batch_num_messages: {
    kind: "integer",
    unit: "count",
    min: 1,
    max: "batchMessages",
    default: 100,
    text: "Messages of one message set at most",
  },
  batch_interval: {
    kind: "duration",
    max: "settingsIntervalMs",
    default: "0s",
    text: "How long a compressed topic waits for more messages of a set",
  },
  compression_type: {
    kind: "code",
    codes: { none: 1, gzip: 2, snappy: 3 },
    refusedAs: "invalid_compression_type",
    default: 1,
    text: "How messages are kept",
    flag: "compression",
  },
  durability: {
    kind: "choice",
    choices: ["synced", "written"],
    synonyms: { buffered: "written" },
    default: "synced",
    text: "What a 201 waits for: the disk, or the system's memory",
  },
  sync_interval: {
    kind: "duration",
    max: "settingsIntervalMs",
    default: "1s",
    text: "Time between syncs of a topic whose durability is written",
  },
  retention_size: {
    kind: "integer",
    unit: "bytes",
    min: 1,
    max: 9_007_199_254_740_991,
    default: 0,
    text: "Size of the topic at which its oldest segments are dropped",
  },
  idempotency_window: {
    kind: "duration",
    max: "idempotencyWindowMs",
    default: "10m0s",
    text: "How long an Idempotency-Key is remembered",
  },
  ttl: {
    kind: "duration",
    min: "ttlMinMs",
    default: null,
    text: "Time without a publish or a read after which the topic is deleted",
  },
  expires_at: {
    kind: "time",
    default: null,
    text: "When the topic is deleted",
  },
  content_type: {
    kind: "media_type",
    isFixed: true,
    default: null,
    text: "Content type of messages that bring none",
  },
} as const;

export type SettingName = keyof typeof ROWS;

export const SETTINGS: Readonly<Record<SettingName, Setting>> = ROWS;

export const SETTING_NAMES: readonly SettingName[] = Object.keys(SETTINGS) as SettingName[];

type Rows = typeof ROWS;

/** Those that a topic may be without. */
type OptionalName = {
  [Name in SettingName]: Rows[Name]["default"] extends null ? Name : never;
}[SettingName];

type ValueOf<Of extends Setting> = Of extends ChoiceSetting
  ? Of["choices"][number]
  : Of extends CodeSetting
    ? Of["codes"][keyof Of["codes"]]
    : Of["default"] extends number
      ? number
      : string;

/**
 * Resolved: nothing is left to a default, and what is absent the topic does not have. Durations are in canonical form,
 * sizes in bytes.
 */
export type TopicSettings = AsOne<
  { readonly [Name in Exclude<SettingName, OptionalName>]: ValueOf<Rows[Name]> } & {
    readonly [Name in OptionalName]?: ValueOf<Rows[Name]> | undefined;
  }
>;

type AsOne<Fields> = { [Name in keyof Fields]: Fields[Name] };

export const DEFAULT_SETTINGS: TopicSettings = Object.fromEntries(
  SETTING_NAMES.map((name) => [name, SETTINGS[name].default ?? undefined]),
) as TopicSettings;

/** The number that a bound stands for. */
export function boundOf(bound: Bound, limits: Limits): number {
  return typeof bound === "number" ? bound : limits[bound];
}
