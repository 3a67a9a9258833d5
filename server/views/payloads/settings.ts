/** The tracker's variables, under upstream's names: what each sets, and what it may be. */
import { DAY_MS, isSafeName, MINUTE_MS, NAME_RULE } from "../../../lib/index.ts";
import type { DatabaseVariables, ViewSettings, ViewVariable } from "../view-program.ts";

export interface TrackerSettings {
  readonly host: string;
  readonly port: number;
  readonly metricsPort: number;
  readonly topic: string;
  /** Bytes; 0: any. */
  readonly requestIdLength: number;
  /** 0: statuses stay for good. */
  readonly retentionDays: number;
  /** What one client may send; 0: as many as it likes. */
  readonly requestsPerMinute: number;
  /** `undefined`: links are mock ones, for everybody. */
  readonly storageBroker: StorageBrokerSettings | undefined;
  /** Who may have links to archives. */
  readonly archiveRole: string;
  /** `undefined`: there is no Kibana. */
  readonly kibana: KibanaSettings | undefined;
}

export interface StorageBrokerSettings {
  readonly url: string;
  readonly timeoutMs: number;
}

export interface KibanaSettings {
  readonly url: string;
  readonly index: string;
  readonly serviceField: string;
}

const MAX_PORT = 65_535;
/** As long as the log's own. */
const MAX_TOPIC_LENGTH = 255;
/** The name of a field in Lucene, where nothing is an operator. */
const FIELD = /^[\w.@-]+$/;
const MAX_REQUEST_ID_LENGTH = 1024;
const MAX_RETENTION_DAYS = 36_500;
const MAX_REQUESTS = 999_999_999;
const IMPLEMENTATIONS = ["storage-broker", "mock"];
const KAFKA = "the log takes Kafka's place";

export const VARIABLES: readonly ViewVariable[] = [
  { name: "HOST", fallback: "127.0.0.1", description: "Address that both ports listen on" },
  { name: "PUBLICPORT", fallback: "8080", isUnmistakable: true, description: "Port of the API" },
  { name: "METRICSPORT", fallback: "8081", isUnmistakable: true, description: "Port of metrics and probes" },
  {
    name: "TOPIC_PAYLOAD_STATUS",
    fallback: "platform.payload-status",
    isUnmistakable: true,
    description: "Topic of the status messages",
  },
  {
    name: "VALIDATE_REQUEST_ID_LENGTH",
    fallback: "32",
    isUnmistakable: true,
    description: "Length of a request_id; 0 takes any",
  },
  {
    name: "RETENTION_DAYS",
    fallback: "7",
    description: "Days after which a status is deleted; 0 keeps them",
  },
  {
    name: "MAX_REQUESTS_PER_MINUTE",
    fallback: "3000",
    description: "Requests of one client in a minute; 0 sets no limit",
  },
  {
    name: "REQUESTOR_IMPL",
    fallback: "storage-broker",
    description: "Who gives links to archives: storage-broker, or mock, which asks nobody",
  },
  {
    name: "STORAGEBROKERURL",
    fallback: "http://storage-broker-processor:8000/archive/url",
    isUnmistakable: true,
    description: "Where the storage broker is asked for a link",
  },
  {
    name: "STORAGEBROKERURLROLE",
    fallback: "platform-archive-download",
    isUnmistakable: true,
    description: "Role that x-rh-identity has to have for a link to an archive",
  },
  {
    name: "STORAGEBROKERREQUESTTIMEOUT",
    fallback: "35000",
    isUnmistakable: true,
    description: "Time for the storage broker's answer, ms",
  },
  { name: "KIBANA_URL", fallback: "", description: "Kibana's page; none: there are no links to it" },
  { name: "KIBANA_INDEX", fallback: "", description: "Kibana's index of the services' logs" },
  { name: "KIBANA_SERVICE_FIELD", fallback: "app", description: "Field of that index with a service's name" },
  {
    name: "DB_HOST",
    fallback: "",
    description: "Host of the PostgreSQL server; none: the database is in this process",
  },
  { name: "DB_PORT", fallback: "5432", description: "Its port" },
  { name: "DB_USER", fallback: "crc", description: "User there" },
  { name: "DB_PASSWORD", fallback: "crc", description: "Password of the user" },
  { name: "DB_NAME", fallback: "crc", description: "Database there" },
  {
    name: "LOGLEVEL",
    fallback: "INFO",
    description: "What netlog view logs where --loglevel is not given: DEBUG, ERROR, or else INFO",
  },
  { name: "LOG_LEVEL", fallback: "INFO", description: "The same, where LOGLEVEL is not given" },
  ignored("DB_RETRIES", "3", "a batch is tried until the database takes it"),
  ignored("ENVIRONMENT", "PROD", "the API answers under both of its base paths"),
  ignored("DEBUG_LOG_STATUS_JSON", "false", "dead letters keep every message that is refused"),
  ignored("CONSUMER_PAYLOAD_FIELDS_REPO_IMPL", "db_with_cache", "names are always remembered"),
  ignored("KAFKA_BOOTSTRAP_SERVERS", "localhost:29092", KAFKA),
  ignored("KAFKA_GROUP_ID", "payload_tracker", KAFKA),
  ignored("KAFKA_AUTO_OFFSET_RESET", "latest", KAFKA),
  ignored("KAFKA_AUTO_COMMIT_INTERVAL_MS", "5000", KAFKA),
  ignored("KAFKA_TIMEOUT", "10000", KAFKA),
];

export const DATABASE_VARIABLES: DatabaseVariables = {
  host: "DB_HOST",
  port: "DB_PORT",
  user: "DB_USER",
  password: "DB_PASSWORD",
  name: "DB_NAME",
};

function ignored(name: string, fallback: string, ignoredFor: string): ViewVariable {
  return { name, fallback, ignoredFor, description: "Taken and ignored" };
}

/** @throws ViewSettings.refusal. */
export function readSettings(settings: ViewSettings): TrackerSettings {
  const whole = (name: string, max: number, least = 0): number => {
    const text = settings.text(name);
    const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= least && value <= max) return value;
    throw settings.refusal(name, `a whole number from ${least} to ${max}`);
  };
  return {
    host: matching(settings, "HOST", isOneWord, "a name or an address"),
    port: whole("PUBLICPORT", MAX_PORT),
    metricsPort: whole("METRICSPORT", MAX_PORT),
    topic: matching(settings, "TOPIC_PAYLOAD_STATUS", isTopic, `the name of a topic (${NAME_RULE})`),
    requestIdLength: whole("VALIDATE_REQUEST_ID_LENGTH", MAX_REQUEST_ID_LENGTH),
    retentionDays: whole("RETENTION_DAYS", MAX_RETENTION_DAYS),
    requestsPerMinute: whole("MAX_REQUESTS_PER_MINUTE", MAX_REQUESTS),
    storageBroker: readBroker(settings, () => whole("STORAGEBROKERREQUESTTIMEOUT", DAY_MS, 1)),
    archiveRole: matching(settings, "STORAGEBROKERURLROLE", isOneWord, "the name of a role"),
    kibana: readKibana(settings),
  };
}

function matching(
  settings: ViewSettings,
  name: string,
  isAllowed: (text: string) => boolean,
  allowed: string,
): string {
  const text = settings.text(name);
  if (isAllowed(text)) return text;
  throw settings.refusal(name, allowed);
}

function isTopic(text: string): boolean {
  return isSafeName(text, MAX_TOPIC_LENGTH);
}

function isOneWord(text: string): boolean {
  return /^\S+$/.test(text);
}

/** `undefined`: neither variable is given. Any other word is INFO, as upstream has it. */
export function logLevelOf(settings: ViewSettings): "debug" | "info" | "error" | undefined {
  const name = ["LOGLEVEL", "LOG_LEVEL"].find((each) => settings.has(each));
  if (name === undefined) return undefined;
  const level = settings.text(name).toLowerCase();
  return level === "debug" || level === "error" ? level : "info";
}

/** How often a client may ask, as ports have it. */
export function rateOf({
  requestsPerMinute,
}: TrackerSettings): { readonly count: number; readonly periodMs: number } | undefined {
  return requestsPerMinute === 0 ? undefined : { count: requestsPerMinute, periodMs: MINUTE_MS };
}

function readBroker(settings: ViewSettings, timeoutMs: () => number): StorageBrokerSettings | undefined {
  const implementation = settings.text("REQUESTOR_IMPL");
  if (!IMPLEMENTATIONS.includes(implementation))
    throw settings.refusal("REQUESTOR_IMPL", IMPLEMENTATIONS.join(" or "));
  if (implementation === "mock") return undefined;
  return { url: readUrl(settings, "STORAGEBROKERURL"), timeoutMs: timeoutMs() };
}

function readKibana(settings: ViewSettings): KibanaSettings | undefined {
  if (settings.text("KIBANA_URL") === "") return undefined;
  return {
    url: readUrl(settings, "KIBANA_URL"),
    index: settings.text("KIBANA_INDEX"),
    serviceField: matching(
      settings,
      "KIBANA_SERVICE_FIELD",
      (text) => FIELD.test(text),
      "the name of a field",
    ),
  };
}

function readUrl(settings: ViewSettings, name: string): string {
  const text = settings.text(name);
  if (isWebUrl(text)) return text;
  throw settings.refusal(name, "an http or https URL");
}

/** True for an http or https URL, which a page may link to. */
export function isWebUrl(text: string): boolean {
  return /^https?:\/\//i.test(text) && URL.canParse(text);
}
