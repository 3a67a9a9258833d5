import { describe, expect, it, vi } from "vitest";
import { LIMITS } from "../../../lib/index.ts";
import { decodeScannerFile, encodeScannerFile } from "../../../lib/scanner/scanner-file.ts";
import { ScannerFile, ScannerFiles } from "../../../lib/scanner/scanner-files.ts";
import { within } from "../../support/deadline.ts";
import { type Fault, FaultyDisk } from "../../support/faulty-disk.ts";
import { ManualRuntime } from "../../support/manual-runtime.ts";
import { MemoryDisk } from "../../support/memory-disk.ts";
import { LineLogger } from "../../support/netlog-fixture.ts";
import { countOpenFiles } from "../../support/open-files-count.ts";

const START = { sequence: 0, from: 0, next: 0 };

function newFiles(options: {
  count: number;
  openScannerFiles?: number;
  schedule?: () => Promise<void>;
  fault?: Fault;
}) {
  const disk = new MemoryDisk(options.schedule === undefined ? {} : { schedule: options.schedule });
  const { disk: counted, open } = countOpenFiles(new FaultyDisk(disk, options.fault));
  const runtime = new ManualRuntime();
  const logger = new LineLogger();
  const limits = { ...LIMITS, openScannerFiles: options.openScannerFiles ?? LIMITS.openScannerFiles };
  const all = Array.from({ length: options.count }, (_, i) => {
    disk.replaceBytes(`/data/${i}`, encodeScannerFile(START));
    return new ScannerFile(`/data/${i}`, START);
  });
  const files = new ScannerFiles({ disk: counted, runtime, logger, limits });
  return { disk, runtime, logger, all, files, open };
}

function nextIn(disk: MemoryDisk, file: ScannerFile): number | undefined {
  return decodeScannerFile(disk.bytesOf(file.path))?.next;
}

describe("a scanner's file", () => {
  it("tells the state with the higher sequence number, and none when both slots are bad", () => {
    const bytes = encodeScannerFile({ sequence: 7, from: 1, next: 50 });
    encodeScannerFile({ sequence: 6, from: 1, next: 40 }).copy(bytes);
    expect(decodeScannerFile(bytes)).toEqual({ sequence: 7, from: 1, next: 50 });
    bytes[4096 + 20]! ^= 1;
    expect(decodeScannerFile(bytes)).toEqual({ sequence: 6, from: 1, next: 40 });
    bytes[31]! ^= 1;
    expect(decodeScannerFile(bytes)).toBeUndefined();
    expect(decodeScannerFile(Buffer.alloc(0))).toBeUndefined();
  });

  it("is bytes as drawn", () => {
    const slot = encodeScannerFile({ sequence: 2, from: 3, next: 0x0102030405 });
    expect(slot.toString("hex")).toBe("4e4c5301000000000000000200000000000000030000000102030405b1b04393");
  });
});

describe("the files of many scanners", () => {
  it("are written and read back with fewer descriptors than files", async () => {
    const { files, all, disk, open } = newFiles({ count: 20, openScannerFiles: 3 });
    for (let next = 1; next <= 4; next++) for (const file of all) files.write(file, next);
    expect(open).toHaveLength(3);
    expect(all.map((file) => nextIn(disk, file))).toEqual(all.map(() => 4));
    await within("closed", files.close());
    const survivor = disk.crashPower(() => 0);
    expect(all.map((file) => nextIn(survivor, file))).toEqual(all.map(() => 4));
  });

  it("keep a descriptor open while it is synced, though others need room", async () => {
    let hold: Promise<void> | undefined;
    const { files, all, disk, logger, open } = newFiles({
      count: 3,
      openScannerFiles: 1,
      schedule: () => hold ?? Promise.resolve(),
    });
    files.write(all[0]!, 1);
    let release = () => {};
    hold = new Promise((resolve) => {
      release = resolve;
    });
    const synced = files.sync([all[0]!]);
    await new Promise((resolve) => setImmediate(resolve));
    files.write(all[1]!, 1);
    files.write(all[0]!, 2);
    files.forget(all[0]!);
    hold = undefined;
    release();
    await within("synced", synced);
    expect(logger.messages()).toEqual([]);
    expect(nextIn(disk, all[0]!)).toBe(2);
    await files.close();
    expect(open).toEqual([]);
  });

  it("have the sum of a scanner's keys, which is made once", () => {
    const keys = ["a", "b"];
    const sum = vi.spyOn(keys, "flatMap");
    const { files, disk } = newFiles({ count: 0 });
    disk.replaceBytes("/data/k", encodeScannerFile({ ...START, keys: ["a", "b"] }));
    const file = new ScannerFile("/data/k", { ...START, keys });
    for (let next = 1; next <= 5; next++) files.write(file, next);
    expect(decodeScannerFile(disk.bytesOf("/data/k"))).toMatchObject({ next: 5, keys: ["a", "b"] });
    expect(sum).toHaveBeenCalledTimes(1);
  });

  it("are not touched once they are forgotten, nor after closing", async () => {
    const { files, all, disk, runtime, logger } = newFiles({ count: 2 });
    files.write(all[0]!, 1);
    files.forget(all[0]!);
    await disk.remove(all[0]!.path);
    files.write(all[0]!, 2);
    await runtime.advance(5000);
    expect(disk.paths()).not.toContain(all[0]!.path);
    await files.close();
    files.write(all[1]!, 9);
    expect(nextIn(disk, all[1]!)).toBe(0);
    expect(runtime.timerCount).toBe(0);
    expect(logger.messages()).toEqual([]);
  });

  it("that are removed while they stand in line for a sync are passed over", async () => {
    const { files, all, disk, logger } = newFiles({ count: 2, openScannerFiles: 1 });
    for (const file of all) files.write(file, 1);
    const synced = files.sync(all);
    files.forget(all[1]!);
    await disk.remove(all[1]!.path);
    await within("synced", synced);
    expect(logger.messages()).toEqual([]);
  });

  it("keep the older position when a write is cut short", async () => {
    const fault: Fault = { code: "EIO", kinds: ["write"], nth: 2, shortBytes: 10 };
    const { files, all, disk, logger } = newFiles({ count: 1, fault });
    files.write(all[0]!, 1);
    files.write(all[0]!, 2);
    expect(nextIn(disk, all[0]!)).toBe(1);
    expect(logger.messages("error")).toHaveLength(1);
    files.write(all[0]!, 3);
    files.write(all[0]!, 3);
    expect(nextIn(disk, all[0]!)).toBe(3);
  });
});
