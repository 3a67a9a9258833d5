import { describe, expect, it } from "vitest";
import type { Scanner, Topic } from "../../../lib/client/index.ts";
import { within } from "../../support/deadline.ts";
import { type ClientFixture, clientForTest, textsOf } from "./client-fixture.ts";
import { type Asked, brokenOff, json, refused, Script, silence } from "./scripted-fetch.ts";

const PAYLOADS = ["a", "b", "c"];

async function workers(topic: Topic, options: { ackWaitMs?: number } = {}): Promise<Scanner> {
  await topic.publishBatch(PAYLOADS);
  return await topic.createScanner({ id: "workers", ack: "explicit", ...options });
}

async function fixture(): Promise<ClientFixture & { scanner: Scanner }> {
  const made = await clientForTest();
  return { ...made, scanner: await workers(made.topic) };
}

/** A message of a scanner with acknowledgements. */
function leased(): Response {
  return new Response("x", {
    headers: { "X-Offset": "0", "X-Crc32": "2363233923", "X-Lease": "l", "X-Delivery": "1" },
  });
}

describe("a scan", () => {
  it("gives messages in order, and nothing when there is none in time", async () => {
    const { topic } = await clientForTest();
    await topic.publishBatch(PAYLOADS);
    const scanner = await topic.createScanner();
    const first = await scanner.scan();
    expect(first).toMatchObject({
      offset: 0,
      delivery: undefined,
      lease: undefined,
      skipped: 0,
      isSettled: true,
    });
    const rest = await scanner.scanBatch({ max: 10 });
    expect(rest.map((message) => message.text())).toEqual(["b", "c"]);
    expect(await scanner.scan()).toBeUndefined();
    expect(await scanner.scanBatch({ max: 10 })).toEqual([]);
    // Without acknowledgements these do nothing.
    await first?.ack();
    await first?.nack();
    await first?.touch();
  });

  it("waits for what comes", async () => {
    const { topic } = await clientForTest();
    const scanner = await topic.createScanner();
    const scan = scanner.scan({ waitMs: 600_000 });
    await topic.publish("late");
    expect((await within("the message", scan))?.text()).toBe("late");
  });

  it("tells a lease that was lost, and refuses late acknowledgements", async () => {
    const { scanner, runtime } = await fixture();
    const first = await scanner.scan();
    await runtime.advance(31_000);
    const again = await scanner.scan();
    expect(again).toMatchObject({ offset: 0, delivery: 2 });
    await expect(first?.ack()).rejects.toMatchObject({ code: "lease_lost", status: 409 });
    await again?.ack();
    expect(await scanner.info()).toMatchObject({ pending: 0, redelivered: 1 });
  });

  it("settles many at once, or all of a lease", async () => {
    const { scanner } = await fixture();
    const [first, second] = await scanner.scanBatch({ max: 2 });
    const third = await scanner.scan();
    const { lease } = first!;
    expect(await scanner.ack([first!.offset, third!.offset], { lease })).toEqual({
      ok: true,
      settled: 1,
      refused: [third!.offset],
    });
    expect(await scanner.nack(undefined, { lease })).toMatchObject({ settled: 1 });
    expect(await scanner.scan()).toMatchObject({ offset: second!.offset, delivery: 2 });
  });

  it("refuses what is no scanner", async () => {
    const { topic } = await clientForTest();
    await expect(topic.scanner("nobody").scan()).rejects.toMatchObject({ code: "scanner_not_found" });
    expect(() => topic.scanner("")).toThrow(expect.objectContaining({ code: "invalid_argument" }));
  });
});

describe("a loop over a scanner", () => {
  it("acknowledges each message when it asks for the next one", async () => {
    const { scanner } = await fixture();
    const pending: number[] = [];
    for await (const message of scanner.messages({ waitMs: 0 })) {
      expect(message.delivery).toBe(1);
      pending.push((await scanner.info()).pending);
    }
    expect(pending).toEqual([1, 1, 1]);
    expect(await scanner.info()).toMatchObject({ pending: 0, next: 3, lag: 0 });
  });

  it("gives the current message back when it is left, and what was fetched behind it", async () => {
    const { scanner } = await fixture();
    for await (const message of scanner.messages({ max: 3 })) {
      if (message.text() === "b") break;
    }
    const again = await scanner.scanBatch();
    expect(again.map(({ offset, delivery }) => [offset, delivery])).toEqual([
      [1, 2],
      [2, 2],
    ]);
  });

  it("gives it back when the body throws", async () => {
    const { scanner } = await fixture();
    const failing = (async () => {
      for await (const _message of scanner.messages()) throw new Error("no");
    })();
    await expect(failing).rejects.toThrow("no");
    expect(await scanner.scan()).toMatchObject({ offset: 0, delivery: 2 });
  });

  it("leaves alone what the body has settled", async () => {
    const { scanner } = await fixture();
    for await (const message of scanner.messages()) {
      if (message.text() === "a") await message.nack({ delayMs: 60_000 });
      if (message.text() === "b") await message.ack();
      if (message.text() === "b") break;
    }
    expect(await scanner.info()).toMatchObject({ pending: 1, next: 2 });
  });

  it("acknowledges nothing by itself when it is not to", async () => {
    const { scanner } = await fixture();
    expect(await textsOf(scanner.messages({ ack: "manual", waitMs: 0, max: 2 }))).toEqual(PAYLOADS);
    expect(await scanner.info()).toMatchObject({ pending: 3 });
  });

  it("acknowledges what was handled when it is aborted, and ends without an error", async () => {
    const { scanner } = await fixture();
    const stop = new AbortController();
    for await (const _message of scanner.messages({ signal: stop.signal })) stop.abort();
    expect(await scanner.info()).toMatchObject({ pending: 0, next: 1 });
  });

  it("ends when it waits and is aborted", async () => {
    const { topic } = await clientForTest();
    const scanner = await topic.createScanner();
    const stop = new AbortController();
    const all = textsOf(scanner.messages({ signal: stop.signal }));
    await topic.info();
    stop.abort();
    expect(await within("the end of the loop", all)).toEqual([]);
  });

  it("goes on when an acknowledgement comes too late, and tells of it", async () => {
    const { scanner, runtime } = await fixture();
    const late: number[] = [];
    const texts: string[] = [];
    const onLeaseLost = ({ offset }: { offset: number }): number => late.push(offset);
    for await (const message of scanner.messages({ waitMs: 0, onLeaseLost })) {
      texts.push(message.text());
      if (texts.length === 1) {
        await runtime.advance(31_000);
        await (await scanner.scan())?.nack();
      }
    }
    expect(late).toEqual([0]);
    expect(texts).toEqual(["a", "a", "b", "c"]);
  });

  it("waits for a server that is away, once it was there", async () => {
    const failures = Array.from({ length: 20 }, brokenOff);
    const script = new Script(refused(404, "end_of_topic"), ...failures, refused(404, "scanner_not_found"));
    const scanner = script.client().topic("t").scanner("s", "explicit");
    await expect(script.settle(textsOf(scanner.messages()))).rejects.toMatchObject({
      code: "scanner_not_found",
    });
    expect(script.asked).toHaveLength(22);
  });

  it("ends when it is aborted and what was handled cannot be acknowledged", async () => {
    const script = new Script(leased(), brokenOff());
    const stop = new AbortController();
    const loop = async (): Promise<void> => {
      const scanner = script.client().topic("t").scanner("s");
      for await (const _message of scanner.messages({ signal: stop.signal })) stop.abort();
    };
    await script.settle(loop());
    expect(script.asked.slice(1, 6).map(({ target }) => target)).toEqual(
      Array(5).fill("/t/ack?id=s&offset=0&lease=l"),
    );
    expect(script.manual.elapsedMs()).toBeLessThan(10_000);
  });

  it("acknowledges what was handled when it is aborted while the acknowledgement is on its way", async () => {
    const stop = new AbortController();
    const abortAnd = (asked: Asked): Promise<Response> => {
      stop.abort();
      return silence(asked);
    };
    const script = new Script(leased(), abortAnd, json({ ok: true, settled: 1, refused: [] }));
    await script.settle(textsOf(script.client().topic("t").scanner("s").messages({ signal: stop.signal })));
    expect(script.asked.slice(1).map(({ target }) => target)).toEqual(
      Array(2).fill("/t/ack?id=s&offset=0&lease=l"),
    );
  });

  it("ends soon when it is left while the server is away", async () => {
    const script = new Script(leased(), brokenOff());
    const loop = async (): Promise<void> => {
      for await (const _message of script.client().topic("t").scanner("s").messages()) break;
    };
    await script.settle(loop());
    expect(script.asked.at(-1)?.target).toBe("/t/nack?id=s&lease=l");
  });
});

describe("work", () => {
  it("acknowledges what was done and gives back what failed, until it is stopped", async () => {
    const { scanner, runtime } = await fixture();
    const stop = new AbortController();
    const done: string[] = [];
    const failed: [unknown, number][] = [];
    const handle = async (message: { text(): string; delivery: number | undefined }): Promise<void> => {
      if (message.text() === "b" && message.delivery === 1) throw new Error("not now");
      done.push(message.text());
      if (done.length === 2) await runtime.advance(5000);
      if (done.length === 3) stop.abort();
    };
    const onError = (error: unknown, { offset }: { offset: number }): number =>
      failed.push([(error as Error).message, offset]);
    await within(
      "the end of the work",
      scanner.work(handle, { signal: stop.signal, retryDelayMs: 5000, onError }),
    );
    expect(done).toEqual(["a", "c", "b"]);
    expect(failed).toEqual([["not now", 1]]);
    expect(await scanner.info()).toMatchObject({ pending: 0, lag: 0 });
  });

  it("handles so many at a time", async () => {
    const { scanner } = await fixture();
    const stop = new AbortController();
    let atOnce = 0;
    let most = 0;
    let open: () => void = () => {};
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const handle = async (): Promise<void> => {
      most = Math.max(most, ++atOnce);
      if (atOnce === 3) open();
      await gate;
      stop.abort();
    };
    await within("the work", scanner.work(handle, { concurrency: 3, signal: stop.signal }));
    expect(most).toBe(3);
    expect(await scanner.info()).toMatchObject({ pending: 0 });
  });

  it("takes no more messages than it is to handle, however many at a time", async () => {
    const { scanner } = await fixture();
    const texts: string[] = [];
    const work = scanner.work((message) => void texts.push(message.text()), { concurrency: 3, count: 2 });
    await within("the work", work);
    expect(texts).toEqual(["a", "b"]);
    expect(await scanner.info()).toMatchObject({ next: 2, pending: 0 });
  });

  it("keeps a lease alive for as long as handling takes", async () => {
    const settled = json({ ok: true, settled: 1, refused: [] });
    const script = new Script(
      json({ settings: { ack_wait: "1m30s" } }),
      leased(),
      settled,
      settled,
      settled,
      silence,
    );
    const stop = new AbortController();
    const handle = async (): Promise<void> => {
      await new Promise<void>((resolve) => void script.runtime.setTimer(70_000, resolve));
      stop.abort();
    };
    await script.settle(script.client().topic("t").scanner("s").work(handle, { signal: stop.signal }));
    expect(script.asked.slice(2).map(({ target, atMs }) => [target, atMs])).toEqual([
      ["/t/touch?id=s&offset=0&lease=l", 30_000],
      ["/t/touch?id=s&offset=0&lease=l", 60_000],
      ["/t/ack?id=s&offset=0&lease=l", 70_000],
    ]);
    expect(script.manual.timerCount).toBe(0);
  });

  it("ends as a whole when an acknowledgement is refused for good", async () => {
    const { scanner, topic } = await fixture();
    const handle = async (message: { text(): string }): Promise<void> => {
      if (message.text() === "a") await topic.delete({ force: true });
    };
    const work = scanner.work(handle, { concurrency: 2, onError: () => {} });
    await expect(within("the end", work)).rejects.toMatchObject({ code: "topic_not_found" });
  });

  it("ends as a whole when one of its loops fails, whatever the others wait for", async () => {
    let scans = 0;
    const script = new Script((asked) => {
      if (asked.target.startsWith("/t/scanner")) return json({ settings: { ack_wait: "30s" } });
      if (asked.target.startsWith("/t/ack")) return refused(403, "forbidden");
      return scans++ === 0 ? leased() : silence(asked);
    });
    const work = script
      .client()
      .topic("t")
      .scanner("s")
      .work(() => {}, { concurrency: 2 });
    await expect(script.settle(work)).rejects.toMatchObject({ code: "forbidden" });
    expect(script.manual.elapsedMs()).toBeLessThan(10_000);
  });

  it("waits no longer for a touch when the message is done", async () => {
    const script = new Script(
      json({ settings: { ack_wait: "30s" } }),
      leased(),
      silence,
      json({ ok: true, settled: 1, refused: [] }),
      silence,
    );
    const stop = new AbortController();
    const handle = async (): Promise<void> => {
      await new Promise<void>((resolve) => void script.runtime.setTimer(15_000, resolve));
      stop.abort();
    };
    await script.settle(script.client().topic("t").scanner("s").work(handle, { signal: stop.signal }));
    const [touch] = script.asked.filter(({ target }) => target.startsWith("/t/touch"));
    expect(touch?.signal.aborted).toBe(true);
    expect(script.manual.timerCount).toBe(0);
  });

  it("fails with what cannot be waited out", async () => {
    const { client } = await clientForTest();
    const work = client
      .topic("nowhere")
      .scanner("s")
      .work(() => {});
    await expect(work).rejects.toMatchObject({ code: "topic_not_found" });
  });
});
