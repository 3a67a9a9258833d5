import { describe, expect, it } from "vitest";
import type { Delivery, Scanner, Topic } from "../../../lib/index.ts";
import { within } from "../../support/deadline.ts";
import { openNetlog, publishAll, publishTogether, texts, told } from "../../support/netlog-fixture.ts";

async function newTopic(settings: object = {}) {
  const fixture = await openNetlog();
  const topic = await fixture.netlog.createTopic("t", settings);
  return { ...fixture, topic };
}

function scanNow(scanner: Scanner): Promise<Delivery | undefined> {
  return within("a scan that does not wait", scanner.scan({ waitMs: 0 }));
}

/** Scans and settles until the end of the topic. */
async function scanAll(scanner: Scanner): Promise<[number, string][]> {
  const found: [number, string][] = [];
  for (;;) {
    try {
      const delivery = await scanNow(scanner);
      delivery!.settle(true);
      found.push(told(delivery)!);
    } catch (error) {
      expect(error).toMatchObject({ code: "end_of_topic" });
      return found;
    }
  }
}

async function newScanner(topic: Topic, from: number | string = 0): Promise<Scanner> {
  return await topic.createScanner({ from, persist: false });
}

/** A scan that has to wait, and what its client's leaving does. */
function scanToLeave(scanner: Scanner): { scan: Promise<Delivery | undefined>; leave: () => void } {
  let leave = () => {};
  const onWaiting = (cancel: () => void) => {
    leave = cancel;
  };
  return { scan: scanner.scan({ waitMs: 60_000, onWaiting }), leave: () => leave() };
}

describe("a scanner", () => {
  it("gives each message once, in order, with its offset, time and checksum", async () => {
    const { topic, runtime } = await newTopic();
    await publishAll(topic, ["one", "two"]);
    const scanner = await newScanner(topic);
    expect((await scanNow(scanner))!.message).toEqual({
      offset: 0,
      timestampMs: runtime.now(),
      crc32: 2053932785,
      payload: Buffer.from("one"),
    });
    expect(told(await scanNow(scanner))).toEqual([1, "two"]);
    await expect(scanner.scan({ waitMs: 0 })).rejects.toMatchObject({ code: "end_of_topic" });
  });

  it("tells where it is", async () => {
    const { topic } = await newTopic();
    await publishAll(topic, texts(5));
    const scanner = await newScanner(topic, 2);
    expect(scanner.info()).toEqual({ id: scanner.id, next: 2, from: 2, persistent: false });
    expect(Object.keys(scanner.info())).toEqual(["id", "next", "from", "persistent"]);
    await scanNow(scanner);
    expect(scanner.info()).toMatchObject({ next: 3, from: 2 });
  });

  it.each([1, 2, 3])("begins anywhere in a set, and knows its next, with compression %d", async (type) => {
    const { topic } = await newTopic({ compression_type: type });
    await publishTogether(topic, texts(10));
    const scanner = await newScanner(topic, 7);
    expect(told(await scanNow(scanner))).toEqual([7, "m7"]);
    expect(scanner.info().next).toBe(8);
    expect(await scanAll(scanner)).toEqual([
      [8, "m8"],
      [9, "m9"],
    ]);
  });

  it("shares its messages among its scans", async () => {
    const { topic } = await newTopic();
    await publishAll(topic, texts(4));
    const scanner = await newScanner(topic);
    const deliveries = await Promise.all([1, 2, 3, 4].map(() => scanNow(scanner)));
    expect(deliveries.map(told)).toEqual(texts(4).map((text, i) => [i, text]));
  });

  it("gives what was not handed over next, the lowest first, to a scan that waits if there is one", async () => {
    const { topic } = await newTopic();
    await publishAll(topic, texts(3));
    const scanner = await newScanner(topic);
    const [first, second] = [await scanNow(scanner), await scanNow(scanner)];
    second!.settle(false);
    first!.settle(false);
    expect(scanner.info().next).toBe(0);
    expect((await scanAll(scanner)).map(([offset]) => offset)).toEqual([0, 1, 2]);
    await publishAll(topic, ["late"]);
    const late = await scanNow(scanner);
    const waiting = scanner.scan({ waitMs: 60_000 });
    late!.settle(false);
    expect(told(await within("the waiting scan", waiting))).toEqual([3, "late"]);
  });

  it("counts only the first word on a delivery", async () => {
    const { topic } = await newTopic();
    await publishAll(topic, texts(2));
    const scanner = await newScanner(topic);
    const first = await scanNow(scanner);
    first!.settle(true);
    first!.settle(false);
    expect(told(await scanNow(scanner))).toEqual([1, "m1"]);
  });

  it("begins where from= says, and nowhere else", async () => {
    const { topic } = await newTopic();
    await publishAll(topic, texts(3));
    expect((await newScanner(topic, "last")).info().next).toBe(2);
    expect((await newScanner(topic, "end")).info().next).toBe(3);
    expect((await newScanner(topic, 3)).info().next).toBe(3);
    await expect(newScanner(topic, 4)).rejects.toMatchObject({ code: "offset_not_found" });
    await expect(newScanner(topic, -1)).rejects.toMatchObject({ code: "invalid_offset" });
    const refused = newScanner(topic, "nowhere");
    await expect(refused).rejects.toMatchObject({ code: "bad_request" });
    await expect(refused).rejects.toThrow(/from: "nowhere" is no offset/);
  });

  it("from `last` of an empty topic begins with the first message to come", async () => {
    const { topic } = await newTopic();
    const scanner = await newScanner(topic, "last");
    await publishAll(topic, ["first"]);
    expect(told(await scanNow(scanner))).toEqual([0, "first"]);
  });

  it("is found by its id until it is deleted", async () => {
    const { topic } = await newTopic();
    const scanner = await newScanner(topic);
    expect(topic.scanner(scanner.id)).toBe(scanner);
    await topic.deleteScanner(scanner.id);
    expect(() => topic.scanner(scanner.id)).toThrow(expect.objectContaining({ code: "scanner_not_found" }));
    await expect(topic.deleteScanner(scanner.id)).rejects.toMatchObject({ code: "scanner_not_found" });
    await expect(scanner.scan({ waitMs: 0 })).rejects.toMatchObject({ code: "scanner_not_found" });
  });
});

describe("a scan that waits", () => {
  it("gets the message when it comes", async () => {
    const { topic, runtime } = await newTopic();
    const scanner = await newScanner(topic);
    let waits = 0;
    const scan = scanner.scan({ waitMs: 60_000, onWaiting: () => waits++ });
    expect(waits).toBe(1);
    await publishAll(topic, ["here"]);
    expect(told(await within("the message", scan))).toEqual([0, "here"]);
    expect(runtime.timerCount).toBe(1);
  });

  it("ends with the end of the topic when its time runs out, at most a day", async () => {
    const { topic, runtime } = await newTopic();
    const scanner = await newScanner(topic);
    const short = expect(scanner.scan({ waitMs: 5000 })).rejects.toMatchObject({ code: "end_of_topic" });
    const long = scanner.scan({ waitMs: 40 * 86_400_000 });
    const ended = expect(long).rejects.toMatchObject({ code: "end_of_topic" });
    await runtime.advance(5000);
    await within("the short one", short);
    await runtime.advance(86_400_000 - 5000);
    await within("the long one", ended);
  });

  it("does not wait where there is something", async () => {
    const { topic, runtime } = await newTopic();
    await publishAll(topic, ["here"]);
    const scanner = await newScanner(topic);
    let waits = 0;
    await scanner.scan({ waitMs: 60_000, onWaiting: () => waits++ });
    expect(waits).toBe(0);
    expect(runtime.timerCount).toBe(1);
  });

  it("takes nothing when its client leaves", async () => {
    const { topic } = await newTopic();
    const scanner = await newScanner(topic);
    const { scan, leave } = scanToLeave(scanner);
    leave();
    expect(await within("the scan that was left", scan)).toBeUndefined();
    await publishAll(topic, ["kept"]);
    expect(told(await scanNow(scanner))).toEqual([0, "kept"]);
  });

  it("stands in line: messages go to those who came first, and one that left is passed over", async () => {
    const { topic } = await newTopic();
    const scanner = await newScanner(topic);
    const order: string[] = [];
    let leave = () => {};
    const scan = (name: string) =>
      scanner
        .scan({
          waitMs: 60_000,
          onWaiting: (cancel) => {
            if (name === "b") leave = cancel;
          },
        })
        .then((delivery) => order.push(`${name}${delivery?.message.offset}`));
    const all = ["a", "b", "c"].map(scan);
    leave();
    await publishAll(topic, texts(2));
    await within("all", Promise.all(all));
    expect(order).toEqual(["bundefined", "a0", "c1"]);
  });

  it("may leave at once, from within onWaiting", async () => {
    const { topic, runtime } = await newTopic();
    const scanner = await newScanner(topic);
    const scan = scanner.scan({ waitMs: 1000, onWaiting: (cancel) => cancel() });
    expect(await within("the scan", scan)).toBeUndefined();
    await publishAll(topic, ["kept"]);
    expect(told(await scanNow(scanner))).toEqual([0, "kept"]);
    expect(runtime.timerCount).toBe(1);
  });

  it("rejects at once when scanner or topic are deleted", async () => {
    const { topic, netlog } = await newTopic();
    const [first, second] = [await newScanner(topic), await newScanner(topic)];
    const ofScanner = expect(first.scan({ waitMs: 60_000 })).rejects.toMatchObject({
      code: "scanner_not_found",
    });
    const ofTopic = expect(second.scan({ waitMs: 60_000 })).rejects.toMatchObject({
      code: "topic_not_found",
    });
    await topic.deleteScanner(first.id);
    await within("the deleted scanner's", ofScanner);
    await netlog.deleteTopic("t", { force: true });
    await within("the deleted topic's", ofTopic);
  });

  it("is one of a thousand scanners that one message wakes", async () => {
    const { topic } = await newTopic();
    const scanners = await Promise.all(Array.from({ length: 1000 }, () => newScanner(topic)));
    const scans = scanners.map((scanner) => scanner.scan({ waitMs: 60_000 }));
    await publishAll(topic, ["wake up"]);
    const deliveries = await within("all scans", Promise.all(scans));
    expect(new Set(deliveries.map((each) => told(each)!.join()))).toEqual(new Set(["0,wake up"]));
  });
});
