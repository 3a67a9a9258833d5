import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { FileCursor } from "../../../../lib/client/events/file-store.ts";
import { type CursorStore, MemoryCursor, ServerCursor } from "../../../../lib/client/events/index.ts";
import { temporaryFolder } from "../../../support/temporary-folder.ts";
import { type ClientFixture, clientForTest } from "../client-fixture.ts";

const STORES: Readonly<Record<string, (fixture: ClientFixture, folder: string) => CursorStore>> = {
  memory: () => new MemoryCursor(),
  file: (_fixture, folder) => new FileCursor(join(folder, "cursor.json")),
  server: ({ client }) => new ServerCursor(client, "demo", "billing"),
};

describe.each(Object.entries(STORES))("the place of a subscriber, kept by the %s store", (name, open) => {
  it("is none at first, and then what was saved last, forth and back", async () => {
    const fixture = await clientForTest();
    await fixture.topic.publishBatch(["a", "b", "c", "d"]);
    const folder = temporaryFolder();
    const store = open(fixture, folder);
    expect(await store.load({})).toBeUndefined();
    for (const next of [2, 4, 1, 0]) {
      await store.save(next, {});
      expect(await store.load({})).toBe(next);
      if (name !== "memory") expect(await open(fixture, folder).load({})).toBe(next);
    }
  });
});

describe("a cursor in a file", () => {
  it("is a line of JSON, with nothing beside it", async () => {
    const folder = temporaryFolder();
    const store = new FileCursor(join(folder, "cursor.json"));
    await store.save(7);
    await store.save(8);
    expect(readdirSync(folder)).toEqual(["cursor.json"]);
    expect(readFileSync(join(folder, "cursor.json"), "utf8")).toBe('{"next":8}\n');
  });

  it("stays what it was when the new one cannot be written", async () => {
    const folder = temporaryFolder();
    const store = new FileCursor(join(folder, "cursor.json"));
    await store.save(7);
    mkdirSync(join(folder, "cursor.json.new"));
    await expect(store.save(8)).rejects.toThrow("EISDIR");
    expect(await store.load()).toBe(7);
  });

  it.each(["", "{", "7", '{"next":-1}', '{"next":1.5}', "null"])(
    "is not taken for none when it is %j",
    async (text) => {
      const path = join(temporaryFolder(), "cursor.json");
      writeFileSync(path, text);
      await expect(new FileCursor(path).load()).rejects.toThrow("holds no cursor");
    },
  );

  it("is an error when it is a folder, or has no name", async () => {
    const folder = temporaryFolder();
    await expect(new FileCursor(folder).load()).rejects.toThrow("EISDIR");
    expect(() => new FileCursor("")).toThrow("empty");
  });
});

describe("a cursor on the server", () => {
  it("goes on at the first message kept, when retention has overtaken it", async () => {
    const { client, topic, runtime } = await clientForTest();
    await topic.changeSettings({ segment_size: 1024, segment_age: "1m" });
    const store = new ServerCursor(client, "demo", "billing");
    await store.save(0);
    for (let i = 0; i < 4; i++) await topic.publish("x".repeat(600));
    await runtime.advance(120_000);
    const { first_offset } = await topic.info();
    expect(first_offset).toBeGreaterThan(1);
    await store.save(1);
    expect(await store.load()).toBe(first_offset);
  });

  it("is made again when it was deleted", async () => {
    const { client, topic } = await clientForTest();
    await topic.publishBatch(["a", "b"]);
    const store = new ServerCursor(client, "demo", "billing");
    await store.save(1);
    await topic.scanner("billing").delete();
    await store.save(2);
    expect(await store.load()).toBe(2);
  });

  it("is no scanner that leases messages", async () => {
    const { client, topic } = await clientForTest();
    await topic.createScanner({ id: "billing", ack: "explicit" });
    const store = new ServerCursor(client, "demo", "billing");
    await expect(store.load()).rejects.toMatchObject({ code: "invalid_argument" });
    await expect(store.save(0)).rejects.toMatchObject({ code: "scanner_exists" });
  });
});
