/** The store's variables, under upstream's names and ours: what each sets, and what it may be. */
import { KiB, MiB } from "../../../lib/index.ts";
import { parseGoDuration } from "../go-duration.ts";
import type { DatabaseVariables, PreparedView, ViewSettings, ViewVariable } from "../view-program.ts";

export interface StoreSettings {
  readonly host: string;
  readonly port: number;
  readonly topic: string;
  readonly retentionMs: number;
  /** 0: only calls of Clean do. */
  readonly cleanIntervalMs: number;
  readonly answerBytes: number;
  readonly logLevel: PreparedView["logLevel"];
}

const MAX_PORT = 65_535;
const MAX_HOURS = 876_000;
const HOUR_MS = 3_600_000;
const MAX_ANSWER_BYTES = 64 * MiB;
const MONGO = "the log and PostgreSQL take MongoDB's place; --db names a server";
const ADDRESS = /^(?:\[([0-9a-f:.%a-z]+)\]|([^\s:[\]/]*)):(\d{1,5})$/i;
const TOPIC = /^[A-Za-z0-9._-]{1,255}$/;
/** Levels of Go's slog: the least number of each. */
const LEVELS = [
  [8, "error"],
  [4, "warn"],
  [0, "info"],
] as const;

export const VARIABLES: readonly ViewVariable[] = [
  {
    name: "LISTEN",
    upstream: [],
    fallback: "127.0.0.1:50051",
    description: "Address to listen on, as --messages-listen sets it",
  },
  {
    name: "API_PORT",
    fallback: "50051",
    isUnmistakable: true,
    description: "Port on loopback, where LISTEN is not given",
  },
  { name: "TOPIC", upstream: [], fallback: "messages", description: "Topic that the events lie in" },
  {
    name: "DB_RETENTION_PERIOD",
    fallback: "168h",
    isUnmistakable: true,
    description: "How long an event is kept",
  },
  {
    name: "CLEAN_INTERVAL",
    upstream: [],
    fallback: "24h",
    description:
      "How long an event that is too old stays in the tables where nobody calls Clean; 0 is for ever",
  },
  {
    name: "ANSWER_BYTES",
    upstream: [],
    fallback: String(4 * MiB),
    description: "Bytes of one answer of GetBatch at most",
  },
  {
    name: "DB_HOST",
    upstream: [],
    fallback: "",
    description: "Host of the PostgreSQL server; none: the database is in this process",
  },
  { name: "DB_PORT", upstream: [], fallback: "5432", description: "Its port" },
  { name: "DB_NAME", fallback: "messages", description: "Database there" },
  { name: "DB_USERNAME", fallback: "messages", description: "User there" },
  { name: "DB_PASSWORD", fallback: "", description: "Password of the user" },
  { name: "DB_TLS_ENABLED", fallback: "false", description: "Speak TLS with it" },
  { name: "DB_TLS_INSECURE", fallback: "false", description: "Do not check its certificate" },
  {
    name: "LOG_LEVEL",
    fallback: "-4",
    description: "What netlog view logs where --loglevel is not given: -4 debug, 0 info, 4 warn, 8 error",
  },
  ignored("DB_URI", "mongodb+srv://localhost/?retryWrites=true&w=majority"),
  ignored("DB_TABLE_NAME", "messages"),
  ignored("DB_TABLE_SHARD", "true"),
];

export const DATABASE_VARIABLES: DatabaseVariables = {
  host: "DB_HOST",
  port: "DB_PORT",
  user: "DB_USERNAME",
  password: "DB_PASSWORD",
  name: "DB_NAME",
  tls: { enabled: "DB_TLS_ENABLED", insecure: "DB_TLS_INSECURE" },
};

function ignored(name: string, fallback: string): ViewVariable {
  return { name, fallback, ignoredFor: MONGO, description: "Taken and ignored" };
}

/** @throws ViewSettings.refusal. */
export function readSettings(settings: ViewSettings): StoreSettings {
  const topic = settings.text("TOPIC");
  if (!TOPIC.test(topic)) throw settings.refusal("TOPIC", "the name of a topic");
  return {
    ...addressOf(settings),
    topic,
    retentionMs: durationOf(settings, "DB_RETENTION_PERIOD", "168h or 36h30m"),
    cleanIntervalMs:
      settings.text("CLEAN_INTERVAL") === "0" ? 0 : durationOf(settings, "CLEAN_INTERVAL", "24h, or 0"),
    answerBytes: wholeNumber(settings, "ANSWER_BYTES", KiB, MAX_ANSWER_BYTES),
    logLevel: logLevelOf(settings),
  };
}

function addressOf(settings: ViewSettings): Pick<StoreSettings, "host" | "port"> {
  const port = wholeNumber(settings, "API_PORT", 0, MAX_PORT);
  if (!settings.has("LISTEN")) return { host: "127.0.0.1", port };
  const [, bracketed, plain = "", digits] = ADDRESS.exec(settings.text("LISTEN")) ?? [];
  if (digits !== undefined && Number(digits) <= MAX_PORT) {
    return { host: bracketed ?? plain, port: Number(digits) };
  }
  throw settings.refusal("LISTEN", "host:port, such as 127.0.0.1:50051 or :50051");
}

function durationOf(settings: ViewSettings, name: string, example: string): number {
  const ms = parseGoDuration(settings.text(name));
  if (ms >= 1 && ms <= MAX_HOURS * HOUR_MS) return ms;
  throw settings.refusal(name, `a duration of up to ${MAX_HOURS}h, such as ${example}`);
}

function wholeNumber(settings: ViewSettings, name: string, least: number, most: number): number {
  const text = settings.text(name);
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw settings.refusal(name, `a whole number from ${least} to ${most}`);
}

function logLevelOf(settings: ViewSettings): StoreSettings["logLevel"] {
  if (!settings.has("LOG_LEVEL")) return undefined;
  const text = settings.text("LOG_LEVEL");
  if (!/^-?\d{1,3}$/.test(text)) {
    throw settings.refusal("LOG_LEVEL", "a whole number: -4 debug, 0 info, 4 warn, 8 error");
  }
  return LEVELS.find(([least]) => Number(text) >= least)?.[1] ?? "debug";
}
