import { describe, expect, it } from "vitest";
import type { BulkDelivery, Message, Scanner, Topic } from "../../../lib/index.ts";
import { within } from "../../support/deadline.ts";
import {
  type NetlogFixture,
  openNetlog,
  publishAll,
  publishTogether,
  texts,
  told,
} from "../../support/netlog-fixture.ts";

const FIRST_DATA_FILE = "/data/t/00000000000000000000.data";

async function newScanner(
  options: { persist?: boolean; count?: number; settings?: object } = {},
): Promise<NetlogFixture & { topic: Topic; scanner: Scanner }> {
  const fixture = await openNetlog();
  const topic = await fixture.netlog.createTopic("t", options.settings);
  for (let from = 0; from < (options.count ?? 20); from += 10) {
    await publishAll(topic, texts(5, from));
    await publishTogether(topic, texts(5, from + 5));
  }
  const scanner = await topic.createScanner({ from: 0, persist: options.persist ?? false });
  return { ...fixture, topic, scanner };
}

interface Scanned {
  readonly offsets: number[];
  readonly skips: number[];
  readonly delivery: Promise<BulkDelivery | undefined>;
}

function scanMany(
  scanner: Scanner,
  max: number,
  options: { waitMs?: number; onWaiting?: (cancel: () => void) => void; refuses?: number } = {},
): Scanned {
  const { waitMs = 0, onWaiting = () => {}, refuses } = options;
  const offsets: number[] = [];
  const skips: number[] = [];
  const take = ({ offset, payload }: Message, skipped: number): boolean => {
    if (offset === refuses && offsets.length === 0) throw new RangeError("not this one");
    if (offset === refuses) return false;
    expect(payload.toString()).toBe(`m${offset}`);
    offsets.push(offset);
    skips.push(skipped);
    return true;
  };
  const delivery = within("a scan of many", scanner.scanMany({ waitMs, onWaiting, max, take }));
  return { offsets, skips, delivery };
}

function range(start: number, end: number): number[] {
  return Array.from({ length: end - start }, (_, i) => start + i);
}

describe("a scan of many", () => {
  it.each([1, 2, 3])("gives up to max, over frames of all kinds, compression %d", async (type) => {
    const { scanner } = await newScanner({ settings: { compression_type: type } });
    const first = scanMany(scanner, 13);
    expect(await first.delivery).toMatchObject({ offset: 0, nextOffset: 13, count: 13, skipped: 0 });
    expect(first.offsets).toEqual(range(0, 13));
    const second = scanMany(scanner, 100);
    expect(await second.delivery).toMatchObject({ offset: 13, nextOffset: 20, count: 7 });
    expect(second.offsets).toEqual(range(13, 20));
    await expect(scanMany(scanner, 5).delivery).rejects.toMatchObject({ code: "end_of_topic" });
  });

  it("shares the messages with other scans, in the order in which they came", async () => {
    const { scanner } = await newScanner();
    const many = scanMany(scanner, 4);
    const one = scanner.scan({ waitMs: 0 });
    const rest = scanMany(scanner, 100);
    expect(await many.delivery).toMatchObject({ offset: 0, count: 4 });
    expect(told(await one)).toEqual([4, "m4"]);
    expect(await rest.delivery).toMatchObject({ offset: 5, count: 15 });
  });

  it("waits for the first message, and then gives what is there", async () => {
    const { scanner, topic, runtime } = await newScanner({ count: 0 });
    const many = scanMany(scanner, 10, { waitMs: 1000 });
    await publishTogether(topic, texts(3));
    expect(await many.delivery).toMatchObject({ offset: 0, count: 3 });
    const late = scanMany(scanner, 10, { waitMs: 1000 });
    const ended = expect(late.delivery).rejects.toMatchObject({ code: "end_of_topic" });
    await runtime.advance(1000);
    await ended;
  });

  it("takes nothing when its client leaves", async () => {
    const { scanner, topic } = await newScanner({ count: 0 });
    let leave = (): void => {};
    const many = scanMany(scanner, 10, {
      waitMs: 1000,
      onWaiting: (cancel) => {
        leave = cancel;
      },
    });
    leave();
    expect(await many.delivery).toBeUndefined();
    await publishTogether(topic, texts(3));
    expect(await scanMany(scanner, 10).delivery).toMatchObject({ offset: 0, count: 3 });
  });

  it("gives all of them again when they did not arrive, those of others left out", async () => {
    const { scanner } = await newScanner();
    const [first, second, third] = [scanMany(scanner, 5), scanMany(scanner, 5), scanMany(scanner, 5)];
    (await second.delivery)!.settle(true);
    (await third.delivery)!.settle(false);
    (await first.delivery)!.settle(false);
    expect(scanner.info().next).toBe(0);
    const again = scanMany(scanner, 8);
    expect(await again.delivery).toMatchObject({ offset: 0, nextOffset: 13, count: 8 });
    expect(again.offsets).toEqual([...range(0, 5), ...range(10, 13)]);
    const rest = scanMany(scanner, 100);
    await rest.delivery;
    expect(rest.offsets).toEqual([...range(13, 20)]);
  });

  it("ends before a message that is not taken, which stays", async () => {
    const { scanner } = await newScanner();
    expect(await scanMany(scanner, 100, { refuses: 7 }).delivery).toMatchObject({ offset: 0, count: 7 });
    await expect(scanMany(scanner, 100, { refuses: 7 }).delivery).rejects.toThrow("not this one");
    expect(scanner.info().next).toBe(7);
    expect(await scanMany(scanner, 100).delivery).toMatchObject({ offset: 7, count: 13 });
  });

  it("gives what is before damage; then the damage is reported once", async () => {
    const { netlog, disk, runtime } = await newScanner();
    await netlog.close();
    const bytes = disk.bytesOf(FIRST_DATA_FILE);
    bytes[bytes.indexOf("m7")]! ^= 1;
    disk.replaceBytes(FIRST_DATA_FILE, bytes);
    const topic = (await openNetlog({ disk, runtime })).netlog.topic("t");
    const scanner = await topic.createScanner({ from: 2, persist: false });
    expect(await scanMany(scanner, 100).delivery).toMatchObject({ offset: 2, count: 3 });
    const damage = { code: "checksum_error", details: { offset: 5, nextOffset: 10 } };
    await expect(scanMany(scanner, 100).delivery).rejects.toMatchObject(damage);
    expect(await scanMany(scanner, 100).delivery).toMatchObject({ offset: 10, count: 10 });
  });

  it("tells of a gap before the first message behind it, and again when that did not arrive", async () => {
    const { topic, scanner, runtime } = await newScanner({
      settings: { segment_size: 1024, retention_size: 1500 },
      count: 100,
    });
    await runtime.advance(10_000);
    const firstOffset = (await topic.info()).first_offset;
    expect(firstOffset).toBeGreaterThan(0);
    const first = scanMany(scanner, 3);
    const delivery = await first.delivery;
    expect(delivery).toMatchObject({ offset: firstOffset, skipped: firstOffset });
    expect(first.skips).toEqual([firstOffset, 0, 0]);
    delivery!.settle(false);
    expect(await scanMany(scanner, 3).delivery).toMatchObject({ offset: firstOffset, skipped: firstOffset });
  });

  it("moves a persistent position when it arrived, and no further than what is out", async () => {
    const { netlog, disk, runtime, scanner } = await newScanner({ persist: true });
    const [first, second] = [await scanMany(scanner, 6).delivery, await scanMany(scanner, 6).delivery];
    second!.settle(true);
    await netlog.close();
    const reopened = await openNetlog({ disk, runtime });
    const again = reopened.netlog.topic("t").scanner(scanner.id);
    expect(again.info().next).toBe(0);
    first!.settle(true);
    (await scanMany(again, 12).delivery)!.settle(true);
    await reopened.netlog.close();
    const last = (await openNetlog({ disk, runtime })).netlog.topic("t").scanner(scanner.id);
    expect(last.info().next).toBe(12);
  });

  it("reads many messages at a time", async () => {
    let reads = 0;
    const fixture = await openNetlog({ limits: { readAheadBytes: 64 * 1024 } });
    const topic = await fixture.netlog.createTopic("t");
    await publishAll(topic, texts(500));
    await fixture.netlog.close();
    const counting = await openNetlog({
      disk: fixture.disk,
      runtime: fixture.runtime,
      seen: (disk) =>
        new Proxy(disk, {
          get: (target, name) => {
            const value: unknown = Reflect.get(target, name);
            if (typeof value !== "function") return value;
            if (name !== "open") return value.bind(target);
            return (...given: Parameters<typeof disk.open>) => {
              const file = target.open(...given);
              const read = file.read.bind(file);
              file.read = (into, position) => {
                reads++;
                return read(into, position);
              };
              return file;
            };
          },
        }),
    });
    const scanner = await counting.netlog.topic("t").createScanner({ from: 0, persist: false });
    reads = 0;
    expect(await scanMany(scanner, 500).delivery).toMatchObject({ count: 500 });
    expect(reads).toBeLessThan(5);
  });
});
