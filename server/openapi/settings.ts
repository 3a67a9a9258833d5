/**
 * How the settings of a topic are described, from the one table of them, and those of a scanner. What JSON Schema has no word for begins with
 * `x-`, for forms: the kind, the bounds of durations and of numbers that are not 0, the words for codes.
 */
import {
  type Bound,
  boundOf,
  DAY_MS,
  formatDuration,
  LIMITS,
  SETTING_NAMES,
  SETTINGS,
  type Setting,
  type TopicSettings,
} from "../../lib/index.ts";
import type { Json } from "./operation.ts";

export const duration: Json = {
  type: "string",
  description: "such as 1h30m, 90s or 2month3day",
  examples: ["30s"],
};

/** What a scanner is made with, beside its id. Name to description and schema. */
export const SCANNER_QUERY: Readonly<Record<string, readonly [description: string, schema: Json]>> = {
  ack: [
    "explicit: a message given out is leased until it is acknowledged. auto: it is gone once it was handed over.",
    { type: "string", enum: ["auto", "explicit"] },
  ],
  ack_wait: [
    "How long a lease lasts.",
    { ...duration, default: "30s", "x-minimum": "100ms", "x-maximum": "1day" },
  ],
  max_deliver: [
    "Deliveries of a message before it is a dead letter; 0: no limit.",
    { type: "integer", minimum: 0, maximum: LIMITS.deliverMax, default: 0 },
  ],
  max_pending: [
    "Messages given out and not settled.",
    { type: "integer", minimum: 1, maximum: LIMITS.pendingMax, default: 1000 },
  ],
  dead_letter: ["Topic of the dead letters.", { type: "string" }],
  expire: ["Dropped when not used for so long.", duration],
};

/** `defaults` are what this server takes for what a new topic's settings leave out. */
export function describeSettings(defaults: TopicSettings): Json {
  return {
    type: "object",
    additionalProperties: false,
    description: "Zero or empty stands for the server's default.",
    properties: Object.fromEntries(
      SETTING_NAMES.map((name) => {
        const { isFixed } = SETTINGS[name];
        const common = { default: defaults[name] ?? null, ...(isFixed === true ? { "x-fixed": true } : {}) };
        return [name, { ...schemaOfSetting(SETTINGS[name]), ...common }];
      }),
    ),
  };
}

function schemaOfSetting(setting: Setting): Json {
  const { text: description } = setting;
  switch (setting.kind) {
    case "duration":
      return {
        ...duration,
        type: setting.default === null ? ["string", "null"] : "string",
        description: `${description}, ${duration.description}`,
        ...durationBounds(setting),
        "x-kind": "duration",
        "x-text": description,
      };
    case "integer":
      return {
        type: "integer",
        minimum: 0,
        maximum: boundOf(setting.max, LIMITS),
        description,
        "x-kind": setting.unit,
        "x-minimum": boundOf(setting.min, LIMITS),
      };
    case "choice":
      return {
        type: "string",
        enum: [...setting.choices, ...Object.keys(setting.synonyms), ""],
        description,
        "x-choices": setting.choices,
      };
    case "code":
      return {
        type: "integer",
        enum: [0, ...Object.values(setting.codes)],
        description,
        "x-words": setting.codes,
      };
    case "time":
      return { type: ["string", "null"], format: "date-time", description };
    case "media_type":
      return { type: ["string", "null"], description };
  }
}

function durationBounds({ min, max }: { readonly min?: Bound; readonly max?: Bound }): Json {
  return {
    ...(min === undefined ? {} : { "x-minimum": durationText(boundOf(min, LIMITS)) }),
    ...(max === undefined ? {} : { "x-maximum": durationText(boundOf(max, LIMITS)) }),
  };
}

function durationText(ms: number): string {
  return formatDuration({ years: 0, months: 0, days: Math.floor(ms / DAY_MS), ms: ms % DAY_MS });
}
