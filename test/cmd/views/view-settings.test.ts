import { expect, test } from "vitest";
import type { Origin } from "../../../cmd/cli/option.ts";
import type { ViewSetting } from "../../../cmd/options/views.ts";
import { findSettings, givenSettings, type SettingSources } from "../../../cmd/views/view-settings.ts";

const SOURCES: SettingSources = {
  view: "payloads",
  variables: [
    { name: "PUBLICPORT", isUnmistakable: true, fallback: "8080", description: "Port" },
    { name: "LOGLEVEL", fallback: "INFO", description: "Level" },
    { name: "DB_PASSWORD", fallback: "crc", description: "Password" },
    { name: "KAFKA_TIMEOUT", fallback: "10000", description: "", ignoredFor: "the log takes Kafka's place" },
  ],
  environment: {},
  isAlone: false,
  settings: [],
};

const port: ViewSetting = { view: "payloads", name: "PUBLICPORT", value: "1" };

/** `--view-set` with this setting. */
function setBy(origin: Origin, setting: ViewSetting = port): Pick<SettingSources, "settings"> {
  const given = new Map([["view_set", { origin, source: "view-set", text: "" }]]);
  return { settings: givenSettings([setting], given) };
}

test("a setting is its fallback until it is given", () => {
  const settings = findSettings(SOURCES);
  expect([settings.has("PUBLICPORT"), settings.text("PUBLICPORT")]).toEqual([false, "8080"]);
});

test("in a server, upstream's names count where no other program can mean them", () => {
  const environment = { PUBLICPORT: "9000", LOGLEVEL: "DEBUG" };
  const beside = findSettings({ ...SOURCES, environment });
  expect([beside.text("PUBLICPORT"), beside.text("LOGLEVEL")]).toEqual(["9000", "INFO"]);
  const alone = findSettings({ ...SOURCES, environment, isAlone: true });
  expect([alone.text("PUBLICPORT"), alone.text("LOGLEVEL")]).toEqual(["9000", "DEBUG"]);
});

test("flags win over the environment, its own name over upstream's, and the environment over the file", () => {
  const environment = { PUBLICPORT: "3", NETLOG_PAYLOADS_PUBLICPORT: "2" };
  const text = (more: Partial<SettingSources>): string =>
    findSettings({ ...SOURCES, environment, ...more }).text("PUBLICPORT");
  expect(text({})).toBe("2");
  expect(text(setBy("flag"))).toBe("1");
  expect(text(setBy("file"))).toBe("2");
  expect(text({ ...setBy("file"), environment: {} })).toBe("1");
});

test("an option that stands for a setting wins over --view-set, and a refusal names it", () => {
  const variables = [{ name: "JWKS_URL", fallback: "", description: "", upstream: ["SMQ_AUTH_JWKS_URL"] }];
  const listed = { view: "journal", name: "JWKS_URL", value: "listed" };
  const given = (origin: Origin): Pick<SettingSources, "settings"> => ({
    settings: givenSettings(
      [listed],
      new Map([
        ["view_set", { origin: "flag" as const, source: "--view-set", text: "" }],
        ["jwks_url", { origin, source: "--jwks-url", text: "own" }],
      ]),
    ),
  });
  const journal = { ...SOURCES, view: "journal", variables };
  const settings = findSettings({ ...journal, ...given("flag") });
  expect(settings.text("JWKS_URL")).toBe("own");
  expect(settings.refusal("JWKS_URL", "a URL").message).toContain('--jwks-url: "own" is not allowed');
  expect(findSettings({ ...journal, ...given("file") }).text("JWKS_URL")).toBe("listed");
  expect(findSettings({ ...journal, ...given("default") }).text("JWKS_URL")).toBe("listed");
});

test("an unknown setting is refused with the nearest name", () => {
  const sources = { ...SOURCES, ...setBy("flag", { ...port, name: "PUBLICPRT" }) };
  expect(() => findSettings(sources)).toThrow(/payloads has no such setting; did you mean PUBLICPORT\?/);
  const environment = { NETLOG_PAYLOADS_PORT: "1" };
  expect(() => findSettings({ ...SOURCES, environment })).toThrow(/^NETLOG_PAYLOADS_PORT: /);
});

test("what names a part that is no more is taken and told, and counts for nothing", () => {
  const { ignored } = findSettings({ ...SOURCES, environment: { KAFKA_TIMEOUT: "1" }, isAlone: true });
  expect(ignored).toEqual(["KAFKA_TIMEOUT: the log takes Kafka's place"]);
});

test("a refusal names the variable as it was given, and shows no secret", () => {
  const environment = { PUBLICPORT: "x", NETLOG_PAYLOADS_DB_PASSWORD: "hidden" };
  const settings = findSettings({ ...SOURCES, environment });
  expect(settings.refusal("PUBLICPORT", "a port").message).toBe(
    'PUBLICPORT: "x" is not allowed; it takes a port',
  );
  expect(settings.refusal("DB_PASSWORD", "a text").message).not.toContain("hidden");
});
