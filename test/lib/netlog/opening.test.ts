import { describe, expect, it } from "vitest";
import { DataFolderError } from "../../../lib/index.ts";
import { type Fault, FaultyDisk } from "../../support/faulty-disk.ts";
import { MemoryDisk } from "../../support/memory-disk.ts";
import { openNetlog, publishAll, texts } from "../../support/netlog-fixture.ts";
import { countOpenFiles } from "../../support/open-files-count.ts";

const SETTINGS = "/data/bad/settings.json";
const DATA = "/data/bad/00000000000000000000.data";

/** A disk with two topics, one of which is about to be spoilt. */
async function twoTopics(): Promise<MemoryDisk> {
  const { netlog, disk } = await openNetlog();
  for (const name of ["bad", "good"]) await publishAll(await netlog.createTopic(name), texts(3));
  await netlog.close();
  return disk;
}

async function putFile(disk: MemoryDisk, path: string, bytes: string | Uint8Array): Promise<void> {
  const folder = path.slice(0, path.lastIndexOf("/"));
  if ((await disk.stat(folder)) === undefined) await disk.makeFolder(folder);
  disk.replaceBytes(path, Buffer.from(bytes));
}

describe("a data folder", () => {
  it("is made when it is missing, with those around it, so that it survives a loss of power", async () => {
    const disk = new MemoryDisk({ folders: ["/var"] });
    await openNetlog({ disk, folder: "/var/lib/netlog/data" });
    expect(await disk.crashPower(() => 0).stat("/var/lib/netlog/data")).toMatchObject({ kind: "folder" });
  });

  it.each([
    ["what it lies in is a file", "/data/file/netlog", undefined, /cannot be made.*ENOTDIR/],
    ["it is a file", "/data/file", undefined, /\/data\/file is not a folder/],
    ["it cannot be made", "/data/new", { code: "EACCES", kinds: ["makeFolder"] }, /cannot be made.*EACCES/],
    ["it is not writable", "/data", { code: "EACCES", kinds: ["lock"] }, /is not writable.*EACCES/],
    [
      "it is on a read-only disk",
      "/data",
      { code: "EROFS", kinds: ["lock"] },
      /is not writable.*mount its file system/,
    ],
    ["it cannot be locked", "/data", { code: "ENAMETOOLONG", kinds: ["lock"] }, /cannot be locked/],
    ["it cannot be listed", "/data", { code: "EACCES", kinds: ["list"] }, /cannot be read/],
  ] satisfies [string, string, Fault | undefined, RegExp][])(
    "is refused when %s, in plain words",
    async (_case, folder, fault, words) => {
      const disk = new MemoryDisk();
      disk.replaceBytes("/data/file", Buffer.from("x"));
      const seen = (inner: MemoryDisk) => new FaultyDisk(inner, fault);
      const opening = openNetlog({ disk, folder, seen });
      await expect(opening).rejects.toThrow(DataFolderError);
      await expect(opening).rejects.toThrow(words);
      // Nothing of it stays locked.
      await openNetlog({ disk });
    },
  );

  it("serves one server at a time, and the next one after it", async () => {
    const { disk, netlog } = await openNetlog();
    await expect(openNetlog({ disk })).rejects.toThrow(/in use by another server/);
    await netlog.close();
    await openNetlog({ disk });
  });

  it("is not touched when the default settings are none", async () => {
    const disk = new MemoryDisk({ folders: [] });
    await expect(openNetlog({ disk, defaults: { segment_size: 5 } })).rejects.toMatchObject({
      code: "bad_request",
      reason: expect.stringContaining("segment_size"),
    });
    expect(await disk.stat("/data")).toBeUndefined();
  });

  it("may hold other things, which are left alone and named in the log", async () => {
    const disk = await twoTopics();
    await putFile(disk, "/data/readme.txt", "hello");
    await putFile(disk, "/data/.gitkeep", "");
    await putFile(disk, "/data/photos/cat.jpg", "miau");
    await putFile(disk, "/data/no topic's name/settings.json", "{}");
    await putFile(disk, "/data/.hidden/settings.json", "{}");
    const before = disk.paths();
    const { netlog, logger } = await openNetlog({ disk });
    expect(netlog.topicNames()).toEqual(["bad", "good"]);
    expect(netlog.failedTopics()).toEqual([]);
    const leftAlone = logger.lines.filter(({ level }) => level === "warn");
    expect(leftAlone.map(({ fields }) => fields.path)).toEqual(
      expect.arrayContaining(["/data/.hidden", "/data/no topic's name", "/data/photos", "/data/readme.txt"]),
    );
    expect(leftAlone).toHaveLength(4);
    await netlog.close();
    expect(disk.paths()).toEqual(before);
  });

  it("may hold a topic's file that was copied there, beside topics", async () => {
    const disk = await twoTopics();
    await putFile(disk, "/data/00000000000000000000.data", "x");
    expect((await openNetlog({ disk })).netlog.topicNames()).toEqual(["bad", "good"]);
  });

  it("is not taken where it is the folder of a topic, which stays as it was", async () => {
    const disk = await twoTopics();
    const before = disk.paths();
    await expect(openNetlog({ disk, folder: "/data/good" })).rejects.toThrow(
      "/data/good is the folder of one topic; the data folder is /data, the folder around it",
    );
    expect(disk.paths()).toEqual(before);
  });

  it("is freed of what an interrupted creation or deletion left", async () => {
    const disk = await twoTopics();
    const before = disk.paths();
    await putFile(disk, "/data/.creating-1234/settings.json", "{");
    await putFile(disk, "/data/.deleted-1234/00000000000000000000.data", "x");
    const { netlog, logger } = await openNetlog({ disk });
    expect(netlog.topicNames()).toEqual(["bad", "good"]);
    await netlog.close();
    expect(disk.paths()).toEqual(before);
    expect(logger.messages("warn")).toEqual([]);
  });
});

describe("a topic that cannot be opened", () => {
  /** Opens Netlog on what `spoil` made of the topic `bad`, and tells why that fails. */
  async function failureOf(
    spoil: (disk: MemoryDisk) => void | Promise<void>,
    fault?: Fault,
  ): Promise<string> {
    const disk = await twoTopics();
    await spoil(disk);
    const { netlog, logger } = await openNetlog({ disk, seen: (inner) => new FaultyDisk(inner, fault) });
    expect(netlog.topicNames()).toEqual(["bad", "good"]);
    expect((await netlog.topic("good").message(2)).payload.toString()).toBe("m2");
    const [failed, ...others] = netlog.failedTopics();
    expect(others).toEqual([]);
    expect(failed!.name).toBe("bad");
    // Every client of the topic sees it: where the data lies is not their business.
    expect(failed!.reason).not.toContain("/data");
    const unavailable = { code: "topic_unavailable", reason: failed!.reason };
    expect(() => netlog.topic("bad")).toThrow(expect.objectContaining(unavailable));
    await expect(netlog.createTopic("bad")).rejects.toMatchObject({ code: "topic_exists" });
    await expect(netlog.deleteTopic("bad", { force: false })).rejects.toMatchObject(unavailable);
    expect(logger.lines.filter(({ level }) => level === "error")).toHaveLength(1);
    return failed!.reason;
  }

  it("is listed with its reason, and the others serve", async () => {
    expect(await failureOf((disk) => disk.remove(DATA))).toContain("no data file");
    const unreadable = { code: "EACCES", kinds: ["list"], path: /bad$/, lasting: true } satisfies Fault;
    expect(await failureOf(() => {}, unreadable)).toContain("EACCES");
    const locked = {
      code: "EACCES",
      kinds: ["readFile"],
      path: /bad\/settings/,
      lasting: true,
    } satisfies Fault;
    expect(await failureOf(() => {}, locked)).toBe("settings.json cannot be read (EACCES)");
    const others = Buffer.alloc(64, "x");
    expect(await failureOf((disk) => disk.replaceBytes(DATA, others))).toMatch(/^0{20}\.data has neither/);
  });

  it("because the Go NetLog wrote it says what reads it", async () => {
    const goHeader = Buffer.from("01106b00da0800000000000000000000", "hex");
    const goSettings =
      '{"segment_age":"30day","segment_size":2000,"batch_num_messages":1,"batch_interval":"200ms","compression_type":1}';
    let spoilt: MemoryDisk | undefined;
    const reason = await failureOf((disk) => {
      spoilt = disk;
      disk.replaceBytes(SETTINGS, Buffer.from(goSettings));
      disk.replaceBytes(DATA, goHeader);
    });
    expect(reason).toContain("netlog import");
    expect(spoilt!.bytesOf(SETTINGS).toString()).toBe(goSettings);
  });

  it("because of a scanner's file that cannot be read leaves no file open", async () => {
    const { netlog, disk, runtime } = await openNetlog();
    const topic = await netlog.createTopic("t");
    await topic.createScanner({ from: 0, persist: true });
    await netlog.close();
    const fault: Fault = { code: "EIO", kinds: ["readFile"], path: /scanners/ };
    let open: readonly string[] = [];
    const seen = (inner: MemoryDisk) => {
      const count = countOpenFiles(new FaultyDisk(inner, fault));
      open = count.open;
      return count.disk;
    };
    const opened = await openNetlog({ disk, runtime, seen });
    expect(opened.netlog.failedTopics()).toMatchObject([
      { name: "t", reason: expect.stringContaining("EIO") },
    ]);
    expect(open).toEqual([]);
    await opened.netlog.close();
    const again = await openNetlog({ disk, runtime });
    expect(again.netlog.failedTopics()).toEqual([]);
  });

  it("can be deleted by force", async () => {
    const disk = await twoTopics();
    await disk.remove(DATA);
    const { netlog } = await openNetlog({ disk });
    await netlog.deleteTopic("bad", { force: true });
    expect(netlog.topicNames()).toEqual(["good"]);
    expect(netlog.failedTopics()).toEqual([]);
    await netlog.createTopic("bad");
  });
});
