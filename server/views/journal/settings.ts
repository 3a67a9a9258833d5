/** The journal's variables, under upstream's names and ours: what each sets, and what it may be. */
import { parseGoDuration } from "../go-duration.ts";
import type { DatabaseVariables, PortOptions, PortTls, ViewSettings, ViewVariable } from "../view-program.ts";

export interface JournalSettings {
  readonly host: string;
  readonly port: number;
  readonly tls: PortTls | undefined;
  readonly limits: NonNullable<PortOptions["limits"]>;
  readonly topics: readonly string[];
  /** 0: journals stay for good. */
  readonly retentionDays: number;
  /** Empty: a new one for each start. */
  readonly instanceId: string;
  /** `undefined`: the variable is not given. */
  readonly logLevel: (typeof LOG_LEVELS)[number] | undefined;
  readonly access: AccessSettings;
}

/** Who may ask. */
export type AccessSettings =
  | { readonly mode: "none" }
  | { readonly mode: "tokens" }
  | ({ readonly mode: "jwks" } & JwtSettings);

export interface JwtSettings {
  readonly url: string;
  readonly issuer: string;
  readonly audience: string;
  readonly algorithms: readonly string[];
  readonly userClaim: string;
  readonly domainsClaim: string;
  readonly roleClaim: string;
  readonly adminRole: string;
  readonly verifiedClaim: string;
  readonly allowsUnverified: boolean;
}

const ALGORITHMS = ["RS256", "ES256", "EdDSA"] as const;
const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;
const MODES = ["tokens", "jwks", "none"] as const;
const MAX_PORT = 65_535;
const MAX_DAYS = 36_500;
const MAX_HEADER_BYTES = 2 ** 24;
const MAX_TIMEOUT_MS = 3_600_000;
const TOPIC = /^[A-Za-z0-9._*-]{1,255}$/;
const LOOPBACK_NAMES: ReadonlySet<string> = new Set(["localhost", "127.0.0.1", "[::1]"]);

type Described = Pick<ViewVariable, "fallback" | "description">;

/** `SMQ_JOURNAL_…`, and `MG_JOURNAL_…` of newer versions. */
function own(name: string, fallback: string, description: string): ViewVariable {
  return named(name, [`JOURNAL_${name}`], { fallback, description });
}

function named(
  name: string,
  upstream: readonly string[],
  described: Described & Pick<ViewVariable, "ignoredFor">,
): ViewVariable {
  const names = upstream.flatMap((each) => [`SMQ_${each}`, `MG_${each}`]);
  return { name, upstream: names, isUnmistakable: true, ...described };
}

/** One that upstream does not have. */
function ours(name: string, fallback: string, description: string): ViewVariable {
  return { name, upstream: [], fallback, description };
}

function ignored(name: string, fallback: string, ignoredFor: string, upstream: string = name): ViewVariable {
  return named(name, [upstream], { fallback, ignoredFor, description: "Taken and ignored" });
}

const GRPC = "the journal asks no other service who may read; AUTH says how it decides";
const GRPC_PARTS = ["URL", "TIMEOUT", "CLIENT_CERT", "CLIENT_KEY", "SERVER_CA_CERTS"] as const;

export const VARIABLES: readonly ViewVariable[] = [
  own("HTTP_HOST", "localhost", "Address that the port listens on"),
  own("HTTP_PORT", "9021", "Its port"),
  own("HTTP_SERVER_CERT", "", "File of the port's own certificate; none: it has the log's"),
  own("HTTP_SERVER_KEY", "", "File of its key"),
  own("HTTP_SERVER_CA_CERTS", "", "File of the certificates between that one and its authority"),
  own(
    "HTTP_CLIENT_CA_CERTS",
    "",
    "File of the authorities of clients; a client without a certificate of theirs is refused",
  ),
  own("HTTP_SERVER_READ_HEADER_TIMEOUT", "5s", "Time for the headers of a request"),
  own("HTTP_SERVER_IDLE_TIMEOUT", "60s", "How long a connection may wait for its next request"),
  own("HTTP_SERVER_MAX_HEADER_BYTES", "1048576", "Bytes of a request's headers"),
  ours("TOPICS", "events,supermq.*,mainflux.*", "Topics of the events, names and patterns"),
  ours("RETENTION_DAYS", "0", "Days after which a journal is deleted; 0 keeps them. Telemetry stays"),
  ours(
    "AUTH",
    "tokens",
    "Who may ask: tokens (of the token file), jwks (JSON Web Tokens), none (everybody, on loopback alone)",
  ),
  named("JWKS_URL", ["AUTH_JWKS_URL"], {
    fallback: "",
    description: "Where the keys of JSON Web Tokens are",
  }),
  named("JWT_ALGORITHM", ["AUTH_KEYS_ALGORITHM"], {
    fallback: "",
    description: `The one algorithm of their signatures; none: ${ALGORITHMS.join(", ")}`,
  }),
  ours("JWT_ISSUER", "", "Who has issued them: the claim iss"),
  ours("JWT_AUDIENCE", "", "Whom they are for: the claim aud"),
  ours("JWT_USER_CLAIM", "sub", "Claim with the id of the user"),
  ours("JWT_DOMAINS_CLAIM", "domains", "Claim with the ids of the user's domains"),
  ours("JWT_ROLE_CLAIM", "role", "Claim with the user's role"),
  ours("JWT_ADMIN_ROLE", "admin", "Role of those who may read everything"),
  ours("JWT_VERIFIED_CLAIM", "email_verified", "Claim that says whether the user's address is verified"),
  named("ALLOW_UNVERIFIED_USER", ["ALLOW_UNVERIFIED_USER"], {
    fallback: "false",
    description: "Users may read whose address is not verified",
  }),
  own(
    "LOG_LEVEL",
    "info",
    `What netlog view logs where --loglevel is not given: ${LOG_LEVELS.join(", ")}; beside the log it plays no part`,
  ),
  own("INSTANCE_ID", "", "Name of this instance in /health; none: a random one"),
  own("DB_HOST", "", "Host of the PostgreSQL server; none: the database is in this process"),
  own("DB_PORT", "5432", "Its port"),
  own("DB_USER", "supermq", "User there"),
  own("DB_PASS", "supermq", "Password of the user"),
  own("DB_NAME", "journal", "Database there"),
  own("DB_SSL_MODE", "disable", "TLS to it: disable, require, verify-ca or verify-full"),
  own("DB_SSL_CERT", "", "File of the client's certificate for it"),
  own("DB_SSL_KEY", "", "File of that one's key"),
  own("DB_SSL_ROOT_CERT", "", "File of the server's authority"),
  ignored("HTTP_SERVER_READ_TIMEOUT", "15s", "requests have no body", "JOURNAL_HTTP_SERVER_READ_TIMEOUT"),
  ignored(
    "HTTP_SERVER_WRITE_TIMEOUT",
    "15s",
    "the log's limits end answers that are not taken",
    "JOURNAL_HTTP_SERVER_WRITE_TIMEOUT",
  ),
  ignored("ES_URL", "nats://localhost:4222", "the log takes the place of NATS"),
  ignored("JAEGER_URL", "http://localhost:4318/v1/traces", "there are no traces"),
  ignored("JAEGER_TRACE_RATIO", "1.0", "there are no traces"),
  ignored("SEND_TELEMETRY", "true", "this program reports nothing to anybody"),
  ...["AUTH", "DOMAINS"].flatMap((service) =>
    GRPC_PARTS.map((part) => ignored(`${service}_GRPC_${part}`, "", GRPC)),
  ),
];

export const DATABASE_VARIABLES: DatabaseVariables = {
  host: "DB_HOST",
  port: "DB_PORT",
  user: "DB_USER",
  password: "DB_PASS",
  name: "DB_NAME",
  ssl: { mode: "DB_SSL_MODE", cert: "DB_SSL_CERT", key: "DB_SSL_KEY", rootCert: "DB_SSL_ROOT_CERT" },
};

/** @throws ViewSettings.refusal. */
export function readSettings(settings: ViewSettings): JournalSettings {
  const topics = settings
    .text("TOPICS")
    .split(",")
    .map((topic) => topic.trim());
  if (!topics.every((topic) => TOPIC.test(topic))) {
    throw settings.refusal(
      "TOPICS",
      "names of topics and patterns, separated by commas, such as events,supermq.*",
    );
  }
  return {
    host: settings.text("HTTP_HOST"),
    port: readWhole(settings, "HTTP_PORT", 0, MAX_PORT),
    tls: readTls(settings),
    limits: {
      headersMs: readDuration(settings, "HTTP_SERVER_READ_HEADER_TIMEOUT"),
      keepAliveMs: readDuration(settings, "HTTP_SERVER_IDLE_TIMEOUT"),
      headerBytes: readWhole(settings, "HTTP_SERVER_MAX_HEADER_BYTES", 1, MAX_HEADER_BYTES),
    },
    topics: [...new Set(topics)],
    retentionDays: readWhole(settings, "RETENTION_DAYS", 0, MAX_DAYS),
    instanceId: settings.text("INSTANCE_ID"),
    logLevel: settings.has("LOG_LEVEL") ? readLogLevel(settings) : undefined,
    access: readAccess(settings),
  };
}

function readLogLevel(settings: ViewSettings): (typeof LOG_LEVELS)[number] {
  const level = LOG_LEVELS.find((each) => each === settings.text("LOG_LEVEL").toLowerCase());
  if (level !== undefined) return level;
  throw settings.refusal("LOG_LEVEL", LOG_LEVELS.join(", "));
}

/** Where the mode is not given, an URL of keys means jwks. */
function readAccess(settings: ViewSettings): AccessSettings {
  const isByKeys = !settings.has("AUTH") && settings.text("JWKS_URL") !== "";
  const given = isByKeys ? "jwks" : settings.text("AUTH");
  const mode = MODES.find((each) => each === given);
  if (mode === undefined) throw settings.refusal("AUTH", MODES.join(", "));
  return mode === "jwks" ? { mode, ...readJwt(settings) } : { mode };
}

/** What the token file is needed for. */
export function withoutTokenFile(settings: ViewSettings): Error {
  return settings.refusal(
    "AUTH",
    "none (everybody may ask, on loopback alone), jwks (with JWKS_URL), or tokens where the server has a --token-file",
  );
}

function readJwt(settings: ViewSettings): JwtSettings {
  const needed = (name: string, allowed: string): string => {
    const text = settings.text(name);
    if (text !== "") return text;
    throw settings.refusal(name, `${allowed}, where the journal checks JSON Web Tokens`);
  };
  const url = needed("JWKS_URL", "a URL of a key set");
  const {
    protocol = "",
    hostname = "",
    username = "",
    password = "",
  } = URL.canParse(url) ? new URL(url) : {};
  if (username !== "" || password !== "") {
    throw settings.refusal("JWKS_URL", "a URL without a user and a password");
  }
  if (protocol !== "https:" && !(protocol === "http:" && LOOPBACK_NAMES.has(hostname))) {
    throw settings.refusal("JWKS_URL", "an https URL, or an http one of this machine");
  }
  const algorithm = settings.text("JWT_ALGORITHM");
  const algorithms = ALGORITHMS.filter((each) => algorithm === "" || each === algorithm);
  if (algorithms.length === 0) throw settings.refusal("JWT_ALGORITHM", ALGORITHMS.join(", "));
  return {
    url,
    algorithms,
    issuer: needed("JWT_ISSUER", "the issuer that tokens name"),
    audience: needed("JWT_AUDIENCE", "the audience that tokens name"),
    userClaim: needed("JWT_USER_CLAIM", "the name of a claim"),
    domainsClaim: needed("JWT_DOMAINS_CLAIM", "the name of a claim"),
    roleClaim: needed("JWT_ROLE_CLAIM", "the name of a claim"),
    adminRole: needed("JWT_ADMIN_ROLE", "a role"),
    verifiedClaim: needed("JWT_VERIFIED_CLAIM", "the name of a claim"),
    allowsUnverified: readSwitch(settings, "ALLOW_UNVERIFIED_USER"),
  };
}

function readTls(settings: ViewSettings): PortTls | undefined {
  const tls = {
    cert: settings.text("HTTP_SERVER_CERT"),
    key: settings.text("HTTP_SERVER_KEY"),
    chain: settings.text("HTTP_SERVER_CA_CERTS"),
    clientCa: settings.text("HTTP_CLIENT_CA_CERTS"),
  };
  if (Object.values(tls).every((path) => path === "")) return undefined;
  for (const [name, path] of [
    ["HTTP_SERVER_CERT", tls.cert],
    ["HTTP_SERVER_KEY", tls.key],
  ] as const) {
    if (path === "") throw settings.refusal(name, "a file, which the other files of the port's TLS need");
  }
  return tls;
}

function readWhole(settings: ViewSettings, name: string, least: number, most: number): number {
  const text = settings.text(name);
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw settings.refusal(name, `a whole number from ${least} to ${most}`);
}

function readSwitch(settings: ViewSettings, name: string): boolean {
  const word = settings.text(name).toLowerCase();
  if (["1", "t", "true"].includes(word)) return true;
  if (["0", "f", "false"].includes(word)) return false;
  throw settings.refusal(name, "true or false");
}

/** As Go writes durations: `1m30s`. */
function readDuration(settings: ViewSettings, name: string): number {
  const ms = parseGoDuration(settings.text(name));
  if (ms >= 1 && ms <= MAX_TIMEOUT_MS) return ms;
  throw settings.refusal(name, "a duration from 1ms to 1h, such as 5s or 1m30s");
}
