import { describe, expect, it } from "vitest";
import { crc32 } from "../../../lib/base/checksum.ts";
import { type Fault, FaultyDisk } from "../../support/faulty-disk.ts";
import {
  COPY,
  damage,
  expectRemembered,
  findingsOf,
  killed,
  newestOf,
  once,
  publishOnce,
  STATE,
} from "../../support/kept-state-fixture.ts";
import type { MemoryDisk } from "../../support/memory-disk.ts";
import { openNetlog } from "../../support/netlog-fixture.ts";
import { seededRandom } from "../../support/seeded-random.ts";

describe("the state of a topic, in two copies", () => {
  it("survives damage to the newer copy, which the log tells", async () => {
    const { disk, runtime } = await killed();
    await damage(disk, await newestOf(disk));
    const { netlog, logger } = await openNetlog({ disk, runtime });
    expect(logger.messages("warn")).toContain("a copy of the topic's state does not have its checksum");
    await expectRemembered(netlog.topic("t"), 40);
  });

  it("is not read from the older copy where the newer one counts", async () => {
    const { disk, runtime } = await killed();
    const older = (await newestOf(disk)) === STATE ? COPY : STATE;
    await damage(disk, older);
    const { netlog, logger } = await openNetlog({ disk, runtime });
    expect(logger.messages("warn")).toEqual([]);
    await expectRemembered(netlog.topic("t"), 40);
  });

  it("has both copies whole again before retention drops what they speak of", async () => {
    const { disk, runtime } = await killed();
    const older = (await newestOf(disk)) === STATE ? COPY : STATE;
    await damage(disk, older);
    const { netlog } = await openNetlog({ disk, runtime });
    const topic = netlog.topic("t");
    await netlog.updateTopic("t", { retention_size: 1500 });
    await runtime.advance(10_000);
    expect((await topic.info()).first_offset).toBeGreaterThan(0);
    const crashed = disk.crashProcess();
    expect(await findingsOf(crashed)).toEqual([]);
    await damage(crashed, await newestOf(crashed));
    const again = await openNetlog({ disk: crashed, runtime });
    await expectRemembered(again.netlog.topic("t"), 40);
  });

  it("is found damaged, or has lost nothing, whatever bytes of its copies are changed", async () => {
    const random = seededRandom(15);
    const { disk: killedDisk, runtime } = await killed();
    let disk = killedDisk;
    const whole = new Map<string, Buffer>();
    for (const path of [STATE, COPY]) whole.set(path, await disk.readFile(path));
    for (let round = 0; round < 60; round++) {
      for (const path of [STATE, COPY]) disk.replaceBytes(path, whole.get(path)!);
      for (const path of [[STATE], [COPY], [STATE, COPY]][round % 3]!) {
        disk.replaceBytes(path, mutated(whole.get(path)!, random));
      }
      const { netlog } = await openNetlog({ disk, runtime });
      await expectRemembered(netlog.topic("t"), 40);
      disk = disk.crashProcess();
    }
  });

  it.each(["damaged", "missing"])(
    "is made again from the messages where both copies are %s, and the log and the check say so",
    async (how) => {
      const { disk, runtime } = await killed();
      for (const path of [STATE, COPY]) {
        if (how === "damaged") await damage(disk, path);
        else await disk.remove(path);
      }
      const lost = expect.stringContaining("the next start makes the topic's state again from its messages");
      expect(await findingsOf(disk)).toContainEqual(lost);
      const { netlog, logger } = await openNetlog({ disk, runtime });
      await expectRemembered(netlog.topic("t"), 40);
      expect(logger.messages("info")).toContain("the topic's state is made");
      expect(logger.messages("error")).toContain(
        "the topic's state is lost, and made again from its messages",
      );
    },
  );

  it("of a later version leaves the topic alone, and the check says so", async () => {
    const { disk, runtime } = await killed();
    const newest = await newestOf(disk);
    disk.replaceBytes(newest, withVersion(await disk.readFile(newest), 2));
    const trouble =
      "is of version 2, and this program reads version 1; start the version of netlog that wrote it";
    expect(await findingsOf(disk)).toEqual([
      `${newest}: it ${trouble}; the next start does not serve the topic`,
    ]);
    const { netlog } = await openNetlog({ disk, runtime });
    expect(() => netlog.topic("t")).toThrow(
      expect.objectContaining({ code: "topic_unavailable", reason: `the topic's state ${trouble}` }),
    );
  });

  it.each([STATE, COPY])("counts as the other copy has it where %s cannot be read", async (path) => {
    const { disk, runtime } = await killed();
    const seen = (inner: MemoryDisk) => new FaultyDisk(inner, cannotRead(new RegExp(`${path}$`)));
    const { netlog, logger } = await openNetlog({ disk, runtime, seen });
    expect(logger.messages("warn")).toContain("a copy of the topic's state cannot be read (EIO)");
    await expectRemembered(netlog.topic("t"), 40);
  });

  it("keeps the topic from being served where neither copy can be read", async () => {
    const { disk, runtime } = await killed();
    const seen = (inner: MemoryDisk) => new FaultyDisk(inner, cannotRead(/state(\.copy)?$/));
    const { netlog } = await openNetlog({ disk, runtime, seen });
    expect(() => netlog.topic("t")).toThrow(
      expect.objectContaining({ code: "topic_unavailable", reason: "state cannot be read (EIO)" }),
    );
  });

  it("that speaks of more than the log has does not count", async () => {
    const { disk, runtime } = await killed();
    const kept = await disk.readFile(STATE);
    const later = await openNetlog({ disk, runtime });
    await publishOnce(later.netlog.topic("t"), 40, 60);
    await later.netlog.close();
    const [state, copy] = [await disk.readFile(STATE), await disk.readFile(COPY)];
    expect(state.equals(kept)).toBe(false);
    // The folder of before, with the state of later.
    const before = await killed();
    for (const [path, bytes] of [
      [STATE, state],
      [COPY, copy],
    ] as const) {
      await before.disk.remove(path);
      const file = before.disk.create(path);
      file.write(bytes, 0);
      file.close();
    }
    const { netlog } = await openNetlog({ disk: before.disk, runtime: before.runtime });
    const topic = netlog.topic("t");
    await expectRemembered(topic, 40);
    expect((await topic.publish({ payload: Buffer.from("40") }, once("k40"))).isDuplicate).toBeUndefined();
  });

  it("is looked at by the check of a folder: a whole one is no finding, a damaged one is", async () => {
    const { disk } = await killed();
    expect(await findingsOf(disk)).toEqual([]);
    await damage(disk, COPY);
    expect(await findingsOf(disk)).toEqual([
      `${COPY}: it does not have its checksum; the other copy counts, and what follows it is read from the messages`,
    ]);
    await damage(disk, STATE);
    expect(await findingsOf(disk)).toContain(
      `${STATE}: it does not have its checksum; the next start makes the topic's state again from its messages`,
    );
  });
  it("is made again where its file is no state", async () => {
    const { disk, runtime } = await killed();
    await disk.remove(COPY);
    disk.replaceBytes(STATE, Buffer.from("no state of a topic, but some other text"));
    const { netlog } = await openNetlog({ disk, runtime });
    await expectRemembered(netlog.topic("t"), 40);
  });
});

/** The state with another version, and its checksum. */
function withVersion(bytes: Buffer, version: number): Buffer {
  bytes.writeUInt8(version, 24);
  bytes.writeUInt32BE(crc32(bytes.subarray(24), crc32(bytes.subarray(0, 20))), 20);
  return bytes;
}

function cannotRead(path: RegExp): Fault {
  return { code: "EIO", kinds: ["open"], path, lasting: true };
}

/** One bit another one, a stretch of zeros, an end that is missing, or more bytes than there were. */
function mutated(bytes: Buffer, random: () => number): Buffer {
  const place = Math.floor(random() * bytes.length);
  const copy = Buffer.from(bytes);
  switch (Math.floor(random() * 4)) {
    case 0:
      copy[place] = bytes[place]! ^ (1 << Math.floor(random() * 8));
      return copy;
    case 1:
      return copy.fill(0, place, place + 1 + Math.floor(random() * 64));
    case 2:
      return copy.subarray(0, place);
    default:
      return Buffer.concat([copy, bytes.subarray(place)]);
  }
}
