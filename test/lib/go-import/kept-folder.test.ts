import { beforeEach, describe, expect, it } from "vitest";
import { goManifest, type ManifestMessage } from "../../support/go-data.ts";
import { type GoFiles, keptGoFiles } from "../../support/go-folder.ts";
import { type Imported, openTopic, readMessages, runImport } from "../../support/go-import-fixture.ts";
import { openNetlog, told } from "../../support/netlog-fixture.ts";

const WRITTEN_MS = 0x6b00da04 * 1000;
const TOPICS = ["empty", "gzip", "none", "plain", "segments", "snappy"];

let files: GoFiles;
let imported: Imported;
beforeEach(async () => {
  files = keptGoFiles();
  imported = await runImport(files);
});

describe("the folder that a Go NetLog wrote", () => {
  it("is imported without a finding", () => {
    expect(imported.findings).toEqual([]);
    expect(imported.topics.map(({ name, isImported }) => [name, isImported])).toEqual(
      TOPICS.map((name) => [name, true]),
    );
    expect(imported.summary).toMatchObject({
      topicCount: 6,
      refusedCount: 0,
      messageCount: 148,
      isComplete: true,
    });
  });

  it.each(Object.keys(goManifest()))("has every message of %s under its offset", async (name) => {
    const topic = await openTopic(imported, name);
    const found = Array.from(await readMessages(topic), ([offset, message]): ManifestMessage => {
      return { offset, size: message!.size, sha256: message!.sha256 };
    });
    expect(found).toEqual(goManifest()[name]);
    expect(await topic.check(0)).toEqual([]);
  });

  it("keeps times, which are whole seconds there", async () => {
    const topic = await openTopic(imported, "segments");
    const times = Array.from(
      await readMessages(topic),
      ([, message]) => (message!.timestampMs - WRITTEN_MS) / 1000,
    );
    expect(times).toEqual([0, 0, 0, 2, 2, 2, 3, 3, 3, 4, 4, 4]);
    expect(await topic.resolveOffset(new Date(WRITTEN_MS + 2500).toISOString())).toBe(6);
  });

  it("keeps the segments, and goes on in the last one", async () => {
    const topic = await openTopic(imported, "segments");
    const { segments, first_offset: first, latest_offset: latest } = await topic.info();
    expect(segments.map((segment) => segment.first_offset)).toEqual([0, 6, 12]);
    expect([first, latest]).toEqual([0, 11]);
    expect((await topic.publish({ payload: Buffer.from("next") })).offset).toBe(12);
  });

  it("keeps settings, and adds what is new here", async () => {
    const { netlog } = await openNetlog({ disk: imported.disk });
    expect(netlog.topic("gzip").settings).toMatchObject({
      segment_age: "30day",
      segment_size: 1024 ** 3,
      batch_num_messages: 10,
      batch_interval: "100ms",
      compression_type: 2,
      durability: "synced",
    });
    expect(netlog.topic("snappy").settings.compression_type).toBe(3);
    expect(netlog.topic("segments").settings.segment_size).toBe(2000);
  });

  it("keeps the positions of scanners: the next message is the one behind the last that was read", async () => {
    const topic = await openTopic(imported, "plain");
    const scanner = topic.scanner("5fbea575-3b50-4f8f-aff7-8d890720fdcb");
    expect(scanner.info()).toMatchObject({ next: 7, persistent: true });
    expect(told(await scanner.scan({ waitMs: 0 }))?.[0]).toBe(7);
  });

  it("has a topic that is empty, and takes its first message", async () => {
    const topic = await openTopic(imported, "empty");
    expect(await topic.info()).toMatchObject({ first_offset: 0, latest_offset: -1 });
    expect((await topic.publish({ payload: Buffer.from("first") })).offset).toBe(0);
  });

  it("is not changed by it", async () => {
    const { disk } = imported;
    for (const [path, bytes] of files) expect(disk.bytesOf(`/go/${path}`).equals(bytes), path).toBe(true);
    const inSource = disk.paths().filter((path) => path.startsWith("/go/"));
    expect(inSource.toSorted()).toEqual(Array.from(files.keys(), (path) => `/go/${path}`).toSorted());
  });

  it("tells how far it has come, to the last byte", () => {
    const dataBytes = Array.from(files)
      .filter(([path]) => path.endsWith(".data"))
      .reduce((sum, [, bytes]) => sum + bytes.length, 0);
    expect(imported.progress.at(-1)).toEqual([dataBytes, dataBytes]);
    const done = imported.progress.map(([bytes]) => bytes);
    expect(done).toEqual(done.toSorted((a, b) => a - b));
    expect(new Set(done).size).toBeGreaterThan(40);
  });
});
