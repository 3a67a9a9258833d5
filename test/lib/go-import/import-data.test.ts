import { describe, expect, it } from "vitest";
import { DataFolderError } from "../../../lib/index.ts";
import { type Fault, FaultyDisk } from "../../support/faulty-disk.ts";
import { type GoFiles, goTopic, singleWrites } from "../../support/go-folder.ts";
import { diskWith, openTopic, readTexts, runImport } from "../../support/go-import-fixture.ts";
import type { MemoryDisk } from "../../support/memory-disk.ts";
import { openNetlog, publishAll } from "../../support/netlog-fixture.ts";
import { seededRandom } from "../../support/seeded-random.ts";

const SECONDS = 1_795_250_000;
const THREE = [
  [0, "one"],
  [1, "two"],
  [2, "three"],
];

function topicOf(name: string): GoFiles {
  const writes = singleWrites(["one", "two", "three"], SECONDS);
  const segments = [
    { baseOffset: 0, writes: writes.slice(0, 2) },
    { baseOffset: 2, writes: writes.slice(2) },
  ];
  return goTopic(name, segments, {}, { reader: 0 });
}

function topicsOf(...names: string[]): GoFiles {
  return new Map(names.flatMap((name) => [...topicOf(name)]));
}

/** Names in the data folder; the lock's left out. */
async function namesIn(disk: MemoryDisk, folder = "/data"): Promise<string[]> {
  return (await disk.list(folder)).filter((name) => !name.startsWith(".lock"));
}

describe("which topics", () => {
  it("all, where none is named; those that are named, else", async () => {
    const all = await runImport(topicsOf("a", "b", "c"));
    expect(await namesIn(all.disk)).toEqual(["a", "b", "c"]);
    const some = await runImport(topicsOf("a", "b", "c"), { topics: ["c", "a"] });
    expect(await namesIn(some.disk)).toEqual(["a", "c"]);
    expect(some.topics.map(({ name }) => name)).toEqual(["a", "c"]);
  });

  it("one that is not there is named, with what is, and nothing is imported", async () => {
    const disk = await diskWith(topicsOf("a", "b"));
    await expect(runImport(new Map(), { disk, topics: ["a", "x"] })).rejects.toMatchObject({
      code: "topic_not_found",
      reason: 'there is no topic "x" to import; there are a, b',
    });
    expect(await namesIn(disk)).toEqual([]);
  });

  it("one that is here already stays as it is, and the others are imported", async () => {
    const { netlog, disk } = await openNetlog({ disk: await diskWith(topicsOf("a", "b")) });
    await publishAll(await netlog.createTopic("a"), ["mine"]);
    await netlog.close();
    const imported = await runImport(new Map(), { disk });
    expect(imported.topics).toEqual([
      { name: "a", isImported: false, reason: "there is a topic of this name already" },
      expect.objectContaining({ name: "b", isImported: true }),
    ]);
    expect(imported.summary).toMatchObject({ topicCount: 1, refusedCount: 1 });
    expect(await readTexts(await openTopic(imported, "a"))).toEqual([[0, "mine"]]);
  });

  it("all of them are refused the second time, and stay", async () => {
    const first = await runImport(topicsOf("a", "b"));
    const second = await runImport(new Map(), { disk: first.disk });
    expect(second.summary).toMatchObject({ topicCount: 0, refusedCount: 2, messageCount: 0 });
    expect(await readTexts(await openTopic(second, "b"))).toEqual(THREE);
  });

  it("one whose name is none here is refused, and says what names are", async () => {
    const { topics } = await runImport(topicsOf("a b", "c"));
    expect(topics).toEqual([
      { name: "a b", isImported: false, reason: expect.stringMatching(/^a topic's name here is/) },
      expect.objectContaining({ name: "c", isImported: true }),
    ]);
  });

  it("one without a segment is refused, and what is no topic is named and left out", async () => {
    const files = topicsOf("c").set("bare/settings.json", Buffer.from("{}"));
    files
      .set("stray/file", Buffer.from("x"))
      .set("README", Buffer.from("x"))
      .set(".hidden", Buffer.from("x"));
    const { topics, findings } = await runImport(files);
    expect(topics.map(({ name, isImported }) => [name, isImported])).toEqual([
      ["bare", false],
      ["c", true],
    ]);
    expect(findings.map(({ kind, file }) => [kind, file])).toEqual([
      ["note", "/go/README"],
      ["note", "/go/stray"],
    ]);
  });
});

describe("a source that is none", () => {
  it.each([
    ["missing", new Map(), /there is nothing at \/go$/],
    ["without a topic", new Map([["README", Buffer.from("x")]]), /no topic of the Go NetLog in \/go$/],
    [
      "one topic's folder",
      new Map([["00000000000000000000.data", Buffer.from("x")]]),
      /one topic; .*netlog import \/ go$/,
    ],
  ] satisfies [string, GoFiles, RegExp][])(
    "is refused when it is %s, before anything is made",
    async (_case, files, words) => {
      const disk = await diskWith(files);
      const importing = runImport(files, { disk });
      await expect(importing).rejects.toThrow(DataFolderError);
      await expect(importing).rejects.toThrow(words);
      expect(await namesIn(disk)).toEqual([]);
    },
  );

  it("is refused when it is a file", async () => {
    const disk = await diskWith(new Map());
    disk.replaceBytes("/go", Buffer.from("x"));
    await expect(runImport(new Map(), { disk })).rejects.toThrow("/go is not a folder");
  });

  it("is refused when this netlog wrote it", async () => {
    const disk = await diskWith(new Map([[".keep", Buffer.from("")]]));
    const { netlog } = await openNetlog({ disk, folder: "/go" });
    await publishAll(await netlog.createTopic("t"), ["x"]);
    await netlog.close();
    await expect(runImport(new Map(), { disk })).rejects.toThrow(
      /data folder of this netlog already.*netlog --dir \/go/,
    );
  });

  it("is refused when it cannot be read", async () => {
    const seen = (disk: MemoryDisk) =>
      new FaultyDisk(disk, { code: "EACCES", kinds: ["list"], path: /^\/go$/ });
    await expect(runImport(topicsOf("a"), { seen })).rejects.toThrow(/folder \/go cannot be read: EACCES/);
  });
});

describe("the data folder here", () => {
  it("is not used while a server runs on it", async () => {
    const { disk, netlog } = await openNetlog({ disk: await diskWith(topicsOf("a")) });
    await expect(runImport(new Map(), { disk })).rejects.toThrow(/in use by another server/);
    await netlog.close();
    await runImport(new Map(), { disk });
  });

  it("is locked while it is written to, and given back", async () => {
    const disk = await diskWith(topicsOf("a"));
    const both = await Promise.allSettled([runImport(new Map(), { disk }), runImport(new Map(), { disk })]);
    expect(both.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
    await openNetlog({ disk });
  });

  it("gets rid of what an interrupted import left", async () => {
    const disk = await diskWith(topicsOf("a"));
    await disk.makeFolder("/data/.creating-x");
    disk.replaceBytes("/data/.creating-x/00000000000000000000.data", Buffer.alloc(9));
    await runImport(new Map(), { disk });
    expect(await namesIn(disk)).toEqual(["a"]);
  });
});

/** True from when there is a file whose path begins like this. */
function onceThere(disk: MemoryDisk, path: string): () => boolean {
  let isThere = false;
  return () => {
    isThere ||= disk.paths().some((candidate) => candidate.startsWith(path));
    return isThere;
  };
}

describe("a topic appears whole or not at all", () => {
  /** Whatever came of an import that failed, another one on a disk that does not makes it good. */
  async function expectRepeatable(disk: MemoryDisk): Promise<void> {
    const { netlog } = await openNetlog({ disk });
    expect(netlog.failedTopics()).toEqual([]);
    const before = netlog.topicNames();
    for (const name of before) expect(await readTexts(netlog.topic(name))).toEqual(THREE);
    await netlog.close();
    expect(await namesIn(disk)).toEqual(before);
    const imported = await runImport(new Map(), { disk });
    expect(await namesIn(disk)).toEqual(["a", "b"]);
    const b = await openTopic(imported, "b");
    expect(await readTexts(b)).toEqual(THREE);
    expect(b.scanner("reader").info().next).toBe(1);
  }

  it("when the power goes, whatever was the last thing that was done", async () => {
    for (let nth = 1; ; nth++) {
      const disk = await diskWith(topicsOf("a", "b"));
      const schedule = new FaultyDisk(disk, { code: "EIO", nth, lasting: true });
      await runImport(new Map(), { disk, seen: () => schedule }).catch(() => {});
      const random = seededRandom(nth);
      await expectRepeatable(disk.crashPower(random));
      if (schedule.hit === undefined) break;
    }
  });

  it.each([
    ["the disk is full", { code: "ENOSPC", kinds: ["write"], path: /^\/data\// }, /no room left/],
    ["a sync fails", { code: "EIO", kinds: ["sync"], path: /^\/data\// }, /writing failed \(EIO\)/],
    [
      "the source fails",
      { code: "EIO", kinds: ["read"], path: /^\/go\/a\/.*data$/, nth: 3 },
      /source cannot be read: EIO/,
    ],
    [
      "the source may not be read",
      { code: "EACCES", kinds: ["readFile"], path: /^\/go\/a\// },
      /source cannot be read: EACCES/,
    ],
  ] satisfies [string, Fault, RegExp][])(
    "when %s; the reason is reported, and the next topic is imported",
    async (_case, fault, words) => {
      const seen = (disk: MemoryDisk) => new FaultyDisk(disk, fault);
      const imported = await runImport(topicsOf("a", "b"), { seen });
      expect(imported.topics).toEqual([
        { name: "a", isImported: false, reason: expect.stringMatching(words) },
        expect.objectContaining({ name: "b", isImported: true }),
      ]);
      expect(await namesIn(imported.disk)).toEqual(["b"]);
      await expectRepeatable(imported.disk);
    },
  );

  it("when it is stopped: what was imported before stays", async () => {
    const disk = await diskWith(topicsOf("a", "b"));
    const imported = await runImport(new Map(), { disk, isCancelled: onceThere(disk, "/data/a/") });
    expect(imported.topics.map(({ name }) => name)).toEqual(["a"]);
    expect(imported.summary).toMatchObject({ topicCount: 1, refusedCount: 0, isComplete: false });
    expect(await namesIn(disk)).toEqual(["a"]);
    await expectRepeatable(disk);
  });

  it("when it is stopped in the middle of one", async () => {
    const disk = await diskWith(topicsOf("a", "b"));
    const imported = await runImport(new Map(), { disk, isCancelled: onceThere(disk, "/data/.creating-") });
    expect(imported.topics).toEqual([]);
    expect(imported.summary).toMatchObject({ topicCount: 0, refusedCount: 0, isComplete: false });
    expect(await namesIn(disk)).toEqual([]);
    await expectRepeatable(disk);
  });
});

it("the source is opened for reading alone, and nothing in it is asked to change", async () => {
  const seen = (disk: MemoryDisk) => {
    const kinds: Fault["kinds"] = [
      "write",
      "create",
      "truncate",
      "rename",
      "remove",
      "removeTree",
      "makeFolder",
      "syncFolder",
      "lock",
    ];
    return new FaultyDisk(disk, { code: "EROFS", kinds, path: /^\/go/, lasting: true });
  };
  const { summary } = await runImport(topicsOf("a", "b"), { seen });
  expect(summary).toMatchObject({ topicCount: 2, refusedCount: 0 });
});
