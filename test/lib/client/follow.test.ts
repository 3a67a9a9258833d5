import { describe, expect, it } from "vitest";
import type { FollowOptions, Gap, Message } from "../../../lib/client/index.ts";
import { within } from "../../support/deadline.ts";
import { clientForTest, textsOf } from "./client-fixture.ts";
import {
  brokenOff,
  line,
  notListening,
  refused,
  Script,
  type Step,
  silence,
  streaming,
} from "./scripted-fetch.ts";

/** What a stream over these answers gives until it ends, or so many messages were read. */
async function read(
  script: Script,
  options: FollowOptions,
  count = Number.POSITIVE_INFINITY,
): Promise<string[]> {
  const texts: string[] = [];
  const reading = async (): Promise<void> => {
    for await (const message of script.client().topic("t").stream(options)) {
      if (texts.push(message.text()) >= count) break;
    }
  };
  await script.settle(reading());
  return texts;
}

const targets = (script: Script): string[] => script.asked.map(({ method, target }) => `${method} ${target}`);
const nextIs = (name: string, offset: number): Step =>
  new Response(null, { status: name === "X-Offset" ? 200 : 204, headers: { [name]: String(offset) } });

describe("a stream that breaks off", () => {
  it("goes on behind the last message", async () => {
    const script = new Script(
      streaming("breaks", line(3), line(4)),
      notListening(),
      streaming("breaks", "\n", "\n"),
      streaming("ends", line(5)),
      streaming("stays", line(6)),
    );
    expect(await read(script, { from: 3 }, 4)).toEqual(["m3", "m4", "m5", "m6"]);
    expect(targets(script)).toEqual([
      "GET /t/stream?from=3&format=ndjson",
      "GET /t/stream?from=5&format=ndjson",
      "GET /t/stream?from=5&format=ndjson",
      "GET /t/stream?from=5&format=ndjson",
      "GET /t/stream?from=6&format=ndjson",
    ]);
  });

  it("drops a line that is not whole, and reads it again", async () => {
    const script = new Script(
      streaming("breaks", line(0) + line(1).slice(0, 20)),
      streaming("stays", line(1).slice(0, 9), line(1).slice(9)),
    );
    expect(await read(script, { from: 0 }, 2)).toEqual(["m0", "m1"]);
  });

  it("settles once where the end was, so that nothing between two tries is missed", async () => {
    const script = new Script(nextIs("X-Next-Offset", 8), streaming("breaks"), streaming("stays", line(8)));
    expect(await read(script, { from: "end" }, 1)).toEqual(["m8"]);
    expect(targets(script)).toEqual([
      "HEAD /t/batch?from=end&max=1",
      "GET /t/stream?from=8&format=ndjson",
      "GET /t/stream?from=8&format=ndjson",
    ]);
  });

  it("is waited for with longer and longer pauses, told each time, until it is back", async () => {
    const failures = Array.from({ length: 12 }, notListening);
    const again = streaming("breaks", line(1));
    const script = new Script(streaming("breaks", line(0)), ...failures, again, streaming("stays", line(2)));
    const told: number[] = [];
    await read(script, { from: 0, onRetry: (_error, delayMs) => told.push(delayMs) }, 3);
    expect(told.slice(-4)).toEqual([15_000, 15_000, 15_000, 50]);
    expect(told.slice(0, 4)).toEqual([50, 50, 100, 200]);
  });

  it("is reported as open each time that the server begins to send", async () => {
    const script = new Script(
      notListening(),
      streaming("breaks", line(0)),
      notListening(),
      streaming("stays", line(1)),
    );
    const told: string[] = [];
    const options = { onOpen: () => told.push("open"), onRetry: () => told.push("away") };
    expect(await read(script, { from: 0, ...options }, 2)).toEqual(["m0", "m1"]);
    expect(told).toEqual(["away", "open", "away", "away", "open"]);
  });

  it("is given up when it never began", async () => {
    const script = new Script(notListening());
    await expect(read(script, { from: 0 })).rejects.toMatchObject({ code: "unreachable" });
    expect(script.asked).toHaveLength(5);
  });

  it("is noticed by its silence, which heartbeats break", async () => {
    const script = new Script(streaming("stays", line(0), "\n"), streaming("stays", line(1)));
    expect(await read(script, { from: 0, silenceMs: 10_000 }, 2)).toEqual(["m0", "m1"]);
    expect(script.times[1]).toBeGreaterThanOrEqual(10_000);
    expect(script.times[1]).toBeLessThan(11_000);
  });

  it("tells what retention dropped meanwhile", async () => {
    const script = new Script(
      streaming("breaks", line(0), '{"skipped":2,"next":3}\n'),
      streaming("breaks", line(3)),
      refused(404, "offset_not_found", { "X-First-Offset": "7" }),
      streaming("stays", line(7)),
    );
    const gaps: Gap[] = [];
    expect(await read(script, { from: 0, onSkipped: (gap) => gaps.push(gap) }, 3)).toEqual([
      "m0",
      "m3",
      "m7",
    ]);
    expect(gaps).toEqual([
      { count: 2, next: 3 },
      { count: 3, next: 7 },
    ]);
    expect(targets(script)[1]).toBe("GET /t/stream?from=3&format=ndjson");
  });

  it("ends when its topic is gone", async () => {
    const script = new Script(streaming("ends", line(0)), refused(404, "topic_not_found"));
    await expect(read(script, { from: 0 })).rejects.toMatchObject({ code: "topic_not_found" });
  });

  it("ends when a message comes changed twice", async () => {
    const changed = line(1).replace("m1", "mX");
    const once = new Script(streaming("stays", line(0), changed), streaming("stays", line(1)));
    expect(await read(once, { from: 0 }, 2)).toEqual(["m0", "m1"]);
    const twice = new Script(streaming("stays", line(0), changed), streaming("stays", changed));
    await expect(read(twice, { from: 0 })).rejects.toMatchObject({ code: "checksum_mismatch", offset: 1 });
  });
});

describe("damage", () => {
  const damage = refused(500, "checksum_error", { "X-Offset": "1", "X-Next-Offset": "4" });

  it("ends the loop with an error that tells where to go on", async () => {
    const script = new Script(streaming("breaks", line(0)), damage);
    await expect(read(script, { from: 0 })).rejects.toMatchObject({ code: "checksum_error", nextOffset: 4 });
  });

  it("is stepped over by a reader that asks for reports", async () => {
    const script = new Script(streaming("breaks", line(0)), damage, streaming("stays", line(4)));
    const told: (number | undefined)[] = [];
    expect(await read(script, { from: 0, onDamage: ({ offset }) => told.push(offset) }, 2)).toEqual([
      "m0",
      "m4",
    ]);
    expect(told).toEqual([1]);
  });
});

describe("a stream of a server", () => {
  it("gives what is there, then what comes, and ends without an error when it is aborted", async () => {
    const { topic } = await clientForTest();
    await topic.publishBatch(["a", "b"]);
    const stop = new AbortController();
    const texts: string[] = [];
    const reading = (async () => {
      for await (const message of topic.stream({ signal: stop.signal })) {
        texts.push(message.text());
        if (texts.length === 2) await topic.publish(Uint8Array.of(0xff));
        if (texts.length === 3) stop.abort();
      }
    })();
    await within("the end of the stream", reading);
    expect(texts).toEqual(["a", "b", "\ufffd"]);
  });

  it("ends when it waits and is aborted", async () => {
    const { topic } = await clientForTest();
    await topic.publish("a");
    const stop = new AbortController();
    const messages = topic.stream({ signal: stop.signal });
    expect(((await messages.next()).value as Message).text()).toBe("a");
    const next = messages.next();
    stop.abort();
    expect(await within("the end of the stream", next)).toEqual({ done: true, value: undefined });
    await within("the end of one that never began", topic.stream({ signal: stop.signal }).next());
  });

  it("ends at the end when it is not to follow", async () => {
    const { topic } = await clientForTest();
    expect(await textsOf(topic.stream({ follow: false }))).toEqual([]);
    await topic.publishBatch(["a", "b", "c"]);
    expect(await textsOf(topic.stream({ from: "last", follow: false }))).toEqual(["c"]);
  });

  it("tells what is wrong before it begins", async () => {
    const { client, topic } = await clientForTest();
    await expect(client.topic("nowhere").stream().next()).rejects.toMatchObject({ code: "topic_not_found" });
    await expect(topic.stream({ from: 7 }).next()).rejects.toMatchObject({ code: "offset_not_found" });
    await expect(topic.stream({ from: "soon" }).next()).rejects.toMatchObject({ status: 400 });
  });

  it("pulls no faster than it is read", async () => {
    const script = new Script(streaming("stays", ...Array.from({ length: 100 }, (_, i) => line(i))));
    let pulled = 0;
    const { fetch: scripted } = script;
    const client = script.client({
      fetch: async (...asked) => {
        const { body } = await scripted(...asked);
        const counting = new TransformStream<Uint8Array, Uint8Array>({
          transform: (piece, controller) => {
            pulled++;
            controller.enqueue(piece);
          },
        });
        return new Response(body!.pipeThrough(counting));
      },
    });
    const messages = client.topic("t").stream({ from: 0 });
    for (let i = 0; i < 3; i++) await messages.next();
    for (let i = 0; i < 20; i++) await script.manual.turn();
    expect(pulled).toBeLessThan(8);
    await messages.return();
  });

  it("is closed when the loop is left", async () => {
    const script = new Script(streaming("stays", line(0)));
    let isCancelled = false;
    const client = script.client({
      fetch: async (...asked) => {
        const { body } = await script.fetch(...asked);
        const reader = body!.getReader();
        const seen = new ReadableStream({
          pull: async (controller) => controller.enqueue((await reader.read()).value),
          cancel: () => {
            isCancelled = true;
          },
        });
        return new Response(seen);
      },
    });
    for await (const message of client.topic("t").stream({ from: 0 })) {
      expect(message.offset).toBe(0);
      break;
    }
    expect(isCancelled).toBe(true);
    expect(script.manual.timerCount).toBe(0);
  });

  it("waits for its first answer no longer than any call", async () => {
    const script = new Script(silence, silence, brokenOff(), streaming("stays", line(0)));
    expect(await read(script, { from: 0 }, 1).catch((error: unknown) => error)).toMatchObject({
      code: "timed_out",
    });
  });
});
