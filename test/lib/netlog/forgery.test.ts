/**
 * Payloads that consist of frames, from a client who knows the offsets, times and sizes that the API tells. Whatever a
 * crash tears and damage hits, nobody reads a message that nobody posted, and what was acknowledged stays.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Topic } from "../../../lib/index.ts";
import { LIMITS } from "../../../lib/limits.ts";
import { FRAME_HEADER_BYTES } from "../../../lib/log/frame.ts";
import { decodeSegmentHeader } from "../../../lib/log/segment-header.ts";
import { inlineOffload } from "../../../lib/message/compression.ts";
import { encodeMessage, MESSAGE_HEADER_BYTES } from "../../../lib/message/message.ts";
import { encodeEntry } from "../../../lib/message/message-set.ts";
import { findingsOf, writeOut } from "../../support/damage-fixture.ts";
import {
  diskOf,
  flipBit,
  SEGMENT_HEADER_BYTES,
  type Snapshot,
  snapshotOf,
  stretchesOf,
} from "../../support/data-files.ts";
import { ManualRuntime } from "../../support/manual-runtime.ts";
import type { MemoryDisk } from "../../support/memory-disk.ts";
import { DATA_FOLDER, openNetlog, publishAll, texts } from "../../support/netlog-fixture.ts";
import { plainFramesOf } from "../../support/old-layout.ts";
import { runCommand } from "../../support/run-command.ts";
import { seededRandom } from "../../support/seeded-random.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

const FIRST_DATA = `${DATA_FOLDER}/t/00000000000000000000.data`;
const FIRST_INDEX = `${DATA_FOLDER}/t/00000000000000000000.index`;
const FRAME_AND_MESSAGE_BYTES = FRAME_HEADER_BYTES + MESSAGE_HEADER_BYTES;

/** A payload of `count` frames, with offsets from `from` on. */
function forged(from: number, count: number, timestampMs: number): Buffer {
  const messages = Array.from({ length: count }, (_, i) => encodeMessage(Buffer.from(`forged ${from + i}`)));
  return plainFramesOf(messages, from, timestampMs);
}

/** The payload of each message from `from` on; `undefined` where it is said to be damaged. */
async function payloadsOf(topic: Topic, from = 0): Promise<(Buffer | undefined)[]> {
  const found: (Buffer | undefined)[] = [];
  for (let offset = from; offset < (await topic.resolveOffset("end")); offset++) {
    const message = await topic.message(offset).catch((error: unknown) => {
      expect(error).toMatchObject({ code: "checksum_error" });
      return undefined;
    });
    found.push(message?.payload);
  }
  return found;
}

describe("a write of frames that are a payload, torn by a kill", () => {
  it("is cut wherever it is torn; offsets go on behind the last good message, and nothing is lost later", async () => {
    const runtime = new ManualRuntime();
    const { netlog, disk } = await openNetlog({ runtime });
    const topic = await netlog.createTopic("t");
    await publishAll(topic, texts(3));
    const soundBytes = disk.bytesOf(FIRST_DATA).length;
    const payload = forged(1000, 12, runtime.now());
    await topic.publish({ payload });
    const files = snapshotOf(disk.crashProcess());
    const whole = files.get(FIRST_DATA)!;
    for (let kept = soundBytes; kept < whole.length; kept += 7) {
      const torn = await diskOf(new Map([...files, [FIRST_DATA, whole.subarray(0, kept)]]), () =>
        runtime.now(),
      );
      expect(await findingsOf(torn), `${kept} bytes`).not.toContainEqual(
        expect.objectContaining({ kind: "damage" }),
      );
      const opened = await openNetlog({ runtime, disk: torn });
      const again = opened.netlog.topic("t");
      expect(await payloadsOf(again)).toEqual(texts(3).map((text) => Buffer.from(text)));
      expect(await publishAll(again, texts(3, 3))).toEqual([3, 4, 5]);
      const last = await openNetlog({ runtime, disk: opened.disk.crashProcess() });
      expect(await payloadsOf(last.netlog.topic("t"))).toEqual(texts(6).map((text) => Buffer.from(text)));
    }
  });

  it("leaves no offset near 2^53 and no time of another age, and the topic takes messages", async () => {
    const runtime = new ManualRuntime();
    for (const [from, timeMs] of [
      [Number.MAX_SAFE_INTEGER - 20, runtime.now()],
      [4, Number.MAX_SAFE_INTEGER],
    ] as const) {
      for (let seed = 0; seed < 60; seed++) {
        const { netlog, disk } = await openNetlog({ runtime });
        const topic = await netlog.createTopic("t", { durability: "written" });
        await publishAll(topic, texts(3));
        await topic.sync();
        await topic.publish({ payload: forged(from, 40, timeMs) });
        await publishAll(topic, texts(1));
        const left = await openNetlog({ runtime, disk: disk.crashPower(seededRandom(seed)) });
        const again = left.netlog.topic("t");
        const offset = (await publishAll(again, ["next"]))[0]!;
        expect([3, 4, 5], `seed ${seed}`).toContain(offset);
        expect((await again.message(offset)).timestampMs).toBe(runtime.now());
      }
    }
  });
});

describe("a header that is damaged, of a frame whose payload leads where its own length does", () => {
  let files: Snapshot;
  let runtime: ManualRuntime;
  let position: number;
  let posted: Buffer[];

  /** Messages 2 to 6 are a batch. Its last payload is four frames, which end where it does, at the offset behind it. */
  async function fill(how: "closed" | "killed"): Promise<void> {
    runtime = new ManualRuntime();
    const { netlog, disk } = await openNetlog({ runtime });
    const topic = await netlog.createTopic("t", { segment_size: 2000 });
    posted = texts(2).map((text) => Buffer.from(text));
    for (const payload of posted) await topic.publish({ payload });
    position = disk.bytesOf(FIRST_DATA).length;
    const batch = [...texts(4, 2).map((text) => Buffer.from(text)), forged(3, 4, runtime.now())];
    const entry = await encodeEntry(
      batch.map((payload) => ({ payload })),
      0,
      batch.length,
      1,
      inlineOffload,
      LIMITS,
    );
    await topic.publishBatch({ entry, count: batch.length });
    const behind = texts(30, 7).map((text) => Buffer.from(text.padEnd(80)));
    for (const payload of behind) await topic.publish({ payload });
    posted.push(...batch, ...behind);
    if (how === "closed") await netlog.close();
    files = snapshotOf(how === "closed" ? disk : disk.crashProcess());
  }

  async function openDamaged(change: (disk: MemoryDisk) => void): Promise<(Buffer | undefined)[]> {
    const disk = await diskOf(files, () => runtime.now());
    change(disk);
    const { netlog } = await openNetlog({ runtime, disk });
    return await payloadsOf(netlog.topic("t"));
  }

  it.each([
    ["closed", "whole"],
    ["closed", "damaged"],
    ["closed", "gone"],
    ["killed", "whole"],
    ["killed", "gone"],
  ] as const)("costs its own messages (%s, index %s)", async (how, index) => {
    await fill(how);
    for (let at = 0; at < FRAME_HEADER_BYTES; at++) {
      const found = await openDamaged((disk) => {
        flipBit(disk, FIRST_DATA, position + at, at % 8);
        if (index === "damaged") flipBit(disk, FIRST_INDEX, 5, 1);
        if (index === "gone") disk.remove(FIRST_INDEX).catch(() => {});
      });
      expect(found, `byte ${at}`).toEqual(
        posted.map((payload, i) => (i >= 2 && i < 7 ? undefined : payload)),
      );
    }
  });

  it("is shown by dump, which tells neither the mask nor a masked word", async () => {
    await fill("closed");
    const header = decodeSegmentHeader(files.get(FIRST_DATA)!);
    if (header.kind !== "valid") throw new Error("a new data file begins with a valid header");
    const { magic, crc } = header.layout.mask!;
    const disk = await diskOf(files, () => runtime.now());
    const secrets = (at: number): string[] => {
      const bytes = disk.bytesOf(FIRST_DATA);
      const words = [magic, crc, bytes.readUInt32BE(at), bytes.readUInt32BE(at + FRAME_HEADER_BYTES - 4)];
      return words.map((word) => word.toString(16).padStart(8, "0"));
    };
    const hidden = [...secrets(position), ...secrets(position + FRAME_AND_MESSAGE_BYTES)];
    flipBit(disk, FIRST_DATA, position + 6, 0);
    flipBit(disk, FIRST_DATA, 3, 0);
    hidden.push(...secrets(position));
    const folder = temporaryFolder();
    writeOut({ files: snapshotOf(disk), runtime }, folder);
    for (const args of [["dump"], ["dump", "--json"], ["dump", "--payloads"]]) {
      for (const file of ["data", "index"]) {
        const { out } = await runCommand([...args, `${folder}/t/00000000000000000000.${file}`]);
        if (file === "data") expect(out).toContain(args.includes("--json") ? '"gap"' : "BAD");
        const shown = out.replaceAll(/\s/g, "");
        for (const secret of hidden) expect(shown).not.toContain(secret);
      }
    }
    const told = JSON.stringify(await findingsOf(disk));
    for (const secret of hidden) expect(told).not.toContain(secret);
    expect(SEGMENT_HEADER_BYTES).toBeLessThan(position);
  });
});

describe("dump, of bytes whose mask nothing tells", () => {
  /** A frame that is a payload, and ends so that what follows it in the file is looked at as a frame's header. */
  const misleading = Buffer.concat([forged(1, 1, 1), Buffer.alloc(20, ".")]);

  it.each([
    ["a data file without its header and its first frame's", "0/00000000000000000000.data", 0, true],
    ["a data file under another name", "0/copy.bak", 0, false],
    ["the end of one under another name", "0/copy.bak", SEGMENT_HEADER_BYTES, false],
    ["torn bytes without their data file", "0/00000000000000000000.torn-24", SEGMENT_HEADER_BYTES, false],
    ["a copy that is not whole", "0/00000000000000000000.rewrite-24.tmp", SEGMENT_HEADER_BYTES, false],
  ])("shows no word of it: %s", async (_, name, from, isHeadless) => {
    const { netlog, disk } = await openNetlog();
    const topic = await netlog.createTopic("t");
    for (let i = 0; i < 3; i++) await topic.publish({ payload: misleading });
    const bytes = Buffer.from(disk.bytesOf(FIRST_DATA));
    const words = stretchesOf(disk, FIRST_DATA)
      .slice(1)
      .flatMap(({ start }) => [start, start + FRAME_HEADER_BYTES - 4])
      .concat([12, 16, 20])
      .map((at) => bytes.toString("hex", at, at + 4));
    if (isHeadless) bytes.fill(0, 0, SEGMENT_HEADER_BYTES + FRAME_HEADER_BYTES);
    else bytes[from]! ^= 1;
    const folder = temporaryFolder();
    mkdirSync(join(folder, "0"));
    writeFileSync(join(folder, name), bytes.subarray(from));
    for (const options of [[], ["--json"]]) {
      const { out } = await runCommand(["dump", ...options, join(folder, name)]);
      const shown = out.replaceAll(/\s/g, "");
      for (const word of words) expect(shown).not.toContain(word);
    }
  });
});

describe("a damaged segment header", () => {
  it.each(["active", "sealed"])(
    "of an %s segment costs no message, with an index or without",
    async (which) => {
      const runtime = new ManualRuntime();
      const { netlog, disk } = await openNetlog({ runtime });
      const topic = await netlog.createTopic("t", { segment_size: 1024 });
      const all = texts(which === "active" ? 5 : 40);
      await publishAll(topic, all);
      const files = snapshotOf(disk.crashProcess());
      for (let at = 0; at < SEGMENT_HEADER_BYTES; at++) {
        for (const hasIndex of [true, false]) {
          const damaged = await diskOf(files, () => runtime.now());
          flipBit(damaged, FIRST_DATA, at, at % 8);
          if (!hasIndex) await damaged.remove(FIRST_INDEX);
          const opened = await openNetlog({ runtime, disk: damaged });
          const found = await payloadsOf(opened.netlog.topic("t"));
          expect(found.map(String), `byte ${at}`).toEqual(all);
        }
      }
    },
  );

  it("of zeros, with an index, costs no message", async () => {
    const runtime = new ManualRuntime();
    const { netlog, disk } = await openNetlog({ runtime });
    await publishAll(await netlog.createTopic("t"), texts(5));
    const killed = disk.crashProcess();
    const bytes = killed.bytesOf(FIRST_DATA);
    bytes.fill(0, 0, SEGMENT_HEADER_BYTES + FRAME_HEADER_BYTES);
    killed.replaceBytes(FIRST_DATA, bytes);
    const opened = await openNetlog({ runtime, disk: killed });
    const found = await payloadsOf(opened.netlog.topic("t"));
    expect(found.map((payload) => payload?.toString())).toEqual([undefined, ...texts(4, 1)]);
  });

  it("and a damaged first frame, with no index, leave nothing to read: the topic is not served, and stays as it is", async () => {
    const runtime = new ManualRuntime();
    const { netlog, disk } = await openNetlog({ runtime });
    const topic = await netlog.createTopic("t");
    await publishAll(topic, texts(1));
    await topic.publish({ payload: forged(1, 5, runtime.now()) });
    const killed = disk.crashProcess();
    const bytes = killed.bytesOf(FIRST_DATA);
    bytes.fill(0, 0, SEGMENT_HEADER_BYTES + FRAME_HEADER_BYTES);
    killed.replaceBytes(FIRST_DATA, bytes);
    await killed.remove(FIRST_INDEX);
    const opened = await openNetlog({ runtime, disk: killed });
    expect(() => opened.netlog.topic("t")).toThrow(expect.objectContaining({ code: "topic_unavailable" }));
    expect(killed.bytesOf(FIRST_DATA).equals(bytes)).toBe(true);
  });
});
