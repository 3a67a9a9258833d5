import { expect, test } from "vitest";
import { findSettings, type SettingSources } from "../../../cmd/views/view-settings.ts";

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
  settingsOrigin: "default",
};

const port = { view: "payloads", name: "PUBLICPORT", value: "1" } as const;

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
  expect(text({ settings: [port], settingsOrigin: "flag" })).toBe("1");
  expect(text({ settings: [port], settingsOrigin: "file" })).toBe("2");
  expect(text({ settings: [port], settingsOrigin: "file", environment: {} })).toBe("1");
});

test("an unknown setting is refused with the nearest name", () => {
  const settings = [{ ...port, name: "PUBLICPRT" }];
  expect(() => findSettings({ ...SOURCES, settings })).toThrow(
    /payloads has no such setting; did you mean PUBLICPORT\?/,
  );
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
