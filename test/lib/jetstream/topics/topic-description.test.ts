import { describe, expect, it } from "vitest";
import {
  decodeDescription,
  decodeScannersDescription,
  encodeDescription,
  encodeScannersDescription,
  type TopicDescription,
} from "../../../../lib/jetstream/topics/topic-description.ts";
import { LIMITS } from "../../../../lib/limits.ts";
import { DEFAULT_SETTINGS } from "../../../../lib/topic/setting-table.ts";

const PLAIN: TopicDescription = {
  name: "orders.new",
  id: "5f1c",
  settings: DEFAULT_SETTINGS,
  source: undefined,
  maker: undefined,
  unserved: undefined,
  isDeleted: false,
  hasKept: false,
};

function decode(text: string) {
  return decodeDescription(text, DEFAULT_SETTINGS, LIMITS);
}

describe("the description of a topic's stream", () => {
  it.each<Partial<TopicDescription>>([
    {},
    { settings: { ...DEFAULT_SETTINGS, content_type: "application/json", ttl: "1h0m0s", retention_size: 7 } },
    { source: { topic: "a", id: "b", offset: 3, bytes: 1 }, hasKept: true },
    { maker: "server" },
    { isDeleted: true },
    { unserved: "copying" },
    { unserved: "moved" },
  ])("says what was said with %j", (change) => {
    const description = { ...PLAIN, ...change };
    expect(decode(encodeDescription(description))).toEqual(description);
  });

  it("leaves to the defaults what its settings leave out", () => {
    const defaults = { ...DEFAULT_SETTINGS, segment_age: "1h0m0s" };
    const text = '{"netlog":1,"name":"t","id":"i","settings":{"retention_size":5}}';
    expect(decodeDescription(text, defaults, LIMITS)?.settings).toEqual({ ...defaults, retention_size: 5 });
  });

  it.each([
    "",
    "{",
    "null",
    "7",
    "[]",
    '{"name":"t","id":"i"}',
    '{"netlog":1,"name":"t"}',
    '{"netlog":1,"id":"i"}',
  ])("is another program's where it is %s", (text) => {
    expect(decode(text)).toBeUndefined();
  });

  it.each(["{}", "7", '"a"', '{"segment_age":"long"}', '{"durability":"never"}'])(
    "has lost settings of %s, and nothing else",
    (settings) => {
      const found = decode(`{"netlog":1,"name":"t","id":"i","settings":${settings}}`);
      expect(found).toMatchObject({ name: "t", id: "i" });
      expect(found?.settings).toEqual(settings === "{}" ? DEFAULT_SETTINGS : undefined);
    },
  );

  it("refuses what a later version wrote, and what NATS has no room for", () => {
    expect(() => decode('{"netlog":2,"name":"t","id":"i"}')).toThrow("later version");
    const long = { ...PLAIN, name: "t".repeat(4096) };
    expect(() => encodeDescription(long)).toThrow("NATS keeps 4096");
  });

  it("has room for the longest that a topic may say", () => {
    const name = "t".repeat(LIMITS.topicNameLength);
    const settings = {
      ...DEFAULT_SETTINGS,
      content_type: `text/${"x".repeat(LIMITS.contentTypeLength - 5)}`,
    };
    const source = { topic: name, id: "i".repeat(36), offset: Number.MAX_SAFE_INTEGER, bytes: 2 ** 24 };
    const description = { ...PLAIN, name, settings, source, maker: "m".repeat(36), hasKept: true };
    expect(decode(encodeDescription(description))).toEqual(description);
  });
});

describe("the description of the stream of a topic's scanners", () => {
  it("names its topic", () => {
    const topic = { name: "orders.new", id: "5f1c" };
    expect(decodeScannersDescription(encodeScannersDescription(topic))).toEqual(topic);
  });

  it.each(["", "null", "{}", '{"netlog":2,"name":"t","id":"i"}'])(
    "is another program's where it is %s",
    (text) => {
      expect(decodeScannersDescription(text)).toBeUndefined();
    },
  );
});
