/** The journal's variables: upstream's names, ours, and what is refused. */
import { expect, test } from "vitest";
import { findSettings, type SettingSources } from "../../../../cmd/views/view-settings.ts";
import { type JournalSettings, readSettings, VARIABLES } from "../../../../server/views/journal/settings.ts";

const SOURCES: SettingSources = {
  view: "journal",
  variables: VARIABLES,
  environment: {},
  isAlone: false,
  settings: [],
};

function settingsOf(environment: Readonly<Record<string, string>>, isAlone = false): JournalSettings {
  return readSettings(findSettings({ ...SOURCES, environment, isAlone }));
}

test("without any the journal has upstream's port, all topics of platforms, and asks for tokens", () => {
  expect(settingsOf({})).toEqual({
    host: "localhost",
    port: 9021,
    tls: undefined,
    limits: { headersMs: 5000, keepAliveMs: 60_000, headerBytes: 1_048_576 },
    topics: ["events", "supermq.*", "mainflux.*"],
    retentionDays: 0,
    instanceId: "",
    logLevel: undefined,
    access: { mode: "tokens" },
  });
});

test.each([
  ["SMQ_JOURNAL_HTTP_PORT", "1"],
  ["MG_JOURNAL_HTTP_PORT", "1"],
  ["NETLOG_JOURNAL_HTTP_PORT", "1"],
])("%s counts beside the log and alone", (name, port) => {
  expect([settingsOf({ [name]: port }).port, settingsOf({ [name]: port }, true).port]).toEqual([1, 1]);
});

test("a name without the journal's prefix is nobody's", () => {
  expect(settingsOf({ HTTP_PORT: "1", TOPICS: "x" }, true)).toMatchObject({
    port: 9021,
    topics: { length: 3 },
  });
});

test("all variables of upstream are known, and those of parts that are no more are taken and told", () => {
  const environment = {
    SMQ_ES_URL: "nats://localhost:4222",
    SMQ_JAEGER_URL: "http://localhost:4318",
    MG_JAEGER_TRACE_RATIO: "1.0",
    SMQ_SEND_TELEMETRY: "true",
    SMQ_AUTH_GRPC_URL: "auth:7001",
    MG_DOMAINS_GRPC_TIMEOUT: "1s",
    SMQ_JOURNAL_INSTANCE_ID: "7",
    SMQ_JOURNAL_DB_SSL_MODE: "disable",
    SMQ_ALLOW_UNVERIFIED_USER: "true",
  };
  const { ignored } = findSettings({ ...SOURCES, environment });
  expect(ignored.map((line) => line.split(":", 1)[0])).toEqual([
    "SMQ_ES_URL",
    "SMQ_JAEGER_URL",
    "MG_JAEGER_TRACE_RATIO",
    "SMQ_SEND_TELEMETRY",
    "SMQ_AUTH_GRPC_URL",
    "MG_DOMAINS_GRPC_TIMEOUT",
  ]);
  expect(settingsOf(environment).instanceId).toBe("7");
});

const JWT = {
  SMQ_AUTH_JWKS_URL: "https://issuer/keys",
  NETLOG_JOURNAL_JWT_ISSUER: "https://issuer",
  NETLOG_JOURNAL_JWT_AUDIENCE: "journal",
};

test("the URL of a key set means JSON Web Tokens, of three algorithms or of one", () => {
  expect(settingsOf(JWT).access).toMatchObject({
    mode: "jwks",
    url: "https://issuer/keys",
    algorithms: ["RS256", "ES256", "EdDSA"],
    userClaim: "sub",
    domainsClaim: "domains",
    roleClaim: "role",
    allowsUnverified: false,
  });
  expect(settingsOf({ ...JWT, SMQ_AUTH_KEYS_ALGORITHM: "RS256" }).access).toMatchObject({
    algorithms: ["RS256"],
  });
  expect(settingsOf({ ...JWT, NETLOG_JOURNAL_AUTH: "none" }).access).toEqual({ mode: "none" });
  expect(settingsOf({ ...JWT, SMQ_AUTH_JWKS_URL: "http://127.0.0.1:8000/keys" }).access.mode).toBe("jwks");
});

test("TLS of its own takes files, and durations are Go's", () => {
  const tls = {
    SMQ_JOURNAL_HTTP_SERVER_CERT: "c",
    SMQ_JOURNAL_HTTP_SERVER_KEY: "k",
    MG_JOURNAL_HTTP_CLIENT_CA_CERTS: "ca",
  };
  expect(settingsOf(tls).tls).toEqual({ cert: "c", key: "k", chain: "", clientCa: "ca" });
  const timeouts = {
    SMQ_JOURNAL_HTTP_SERVER_IDLE_TIMEOUT: "1m30.5s",
    SMQ_JOURNAL_HTTP_SERVER_READ_HEADER_TIMEOUT: "250ms",
  };
  expect(settingsOf(timeouts).limits).toMatchObject({ keepAliveMs: 90_500, headersMs: 250 });
});

test.each(["debug", "info", "WARN", "error"])("logs from the level %s on, as upstream does", (level) => {
  expect(settingsOf({ SMQ_JOURNAL_LOG_LEVEL: level }, true).logLevel).toBe(level.toLowerCase());
});

test.each<[Readonly<Record<string, string>>, string]>([
  [{ MG_JOURNAL_LOG_LEVEL: "loud" }, "debug, info, warn, error"],
  [{ NETLOG_JOURNAL_AUTH: "any" }, 'NETLOG_JOURNAL_AUTH: "any" is not allowed; it takes tokens, jwks, none'],
  [{ NETLOG_JOURNAL_AUTH: "jwks" }, "JWKS_URL"],
  [{ ...JWT, SMQ_AUTH_JWKS_URL: "http://issuer/keys" }, "an https URL, or an http one of this machine"],
  [{ ...JWT, SMQ_AUTH_JWKS_URL: "keys" }, "an https URL"],
  [{ ...JWT, SMQ_AUTH_JWKS_URL: "https://u:p@issuer/keys" }, "a URL without a user and a password"],
  [{ SMQ_AUTH_JWKS_URL: "https://issuer/keys" }, "JWT_ISSUER"],
  [{ ...JWT, NETLOG_JOURNAL_JWT_AUDIENCE: "" }, "JWT_AUDIENCE"],
  [{ ...JWT, SMQ_AUTH_KEYS_ALGORITHM: "HS256" }, "RS256, ES256, EdDSA"],
  [{ ...JWT, SMQ_ALLOW_UNVERIFIED_USER: "maybe" }, "true or false"],
  [{ SMQ_JOURNAL_HTTP_PORT: "65536" }, "a whole number from 0 to 65535"],
  [{ SMQ_JOURNAL_HTTP_SERVER_KEY: "k" }, "HTTP_SERVER_CERT"],
  [{ SMQ_JOURNAL_HTTP_SERVER_IDLE_TIMEOUT: "5" }, "a duration from 1ms to 1h"],
  [{ NETLOG_JOURNAL_TOPICS: "a,,b" }, "names of topics and patterns"],
  [{ NETLOG_JOURNAL_RETENTION_DAYS: "-1" }, "a whole number from 0 to 36500"],
])("%o is refused: %s", (environment, message) => {
  expect(() => settingsOf(environment)).toThrow(message);
});

test("a refusal shows no password", () => {
  const settings = findSettings({ ...SOURCES, environment: { SMQ_JOURNAL_DB_PASS: "hidden" } });
  expect(settings.refusal("DB_PASS", "a text").message).not.toContain("hidden");
});
