import { crc32 } from "node:zlib";
import { describe, expect, it } from "vitest";
import { runCopy } from "../../../cmd/client/copy/run-copy.ts";
import type { Source } from "../../../cmd/client/copy/source.ts";
import { TopicTarget } from "../../../cmd/client/copy/topic-target.ts";
import { type Asked, json, refused, Script } from "../../lib/client/scripted-fetch.ts";

const MESSAGES = ["m0", "m1", "m2"].map((text, offset) => {
  const payload = Buffer.from(text);
  return { offset, timestamp: "", crc32: crc32(payload), payload };
});

const source: Source = {
  first: 0,
  isFirstFixed: true,
  isClosed: false,
  done: 0,
  total: 3,
  unit: "messages",
  async *read(place) {
    await Promise.resolve();
    if (place < MESSAGES.length) yield MESSAGES.slice(place);
  },
};

/** A topic that holds these messages, and gets `late` ones just before the first batch arrives. */
function topicOf(held: string[], late: readonly string[]): Script {
  let isFirst = true;
  return new Script(({ method, target, headers, body }: Asked) => {
    if (method === "POST" && target.startsWith("/t/batch")) {
      if (isFirst) held.push(...late);
      isFirst = false;
      const expected = headers.get("X-Expected-Offset");
      const next = String(held.length);
      if (expected !== next) return refused(409, "offset_mismatch", { "X-Next-Offset": next });
      const text = Buffer.from(body as Uint8Array).toString("latin1");
      const sent = [...text.matchAll(/m\d/g)].map(([payload]) => payload);
      held.push(...sent);
      return new Response(null, {
        status: 201,
        headers: { "X-Offset": next, "X-Count": String(sent.length), "X-Durability": "synced" },
      });
    }
    if (target === "/t") return json({ first_offset: 0, latest_offset: held.length - 1 });
    if (target.startsWith("/t/payload/")) {
      const payload = held.at(-1)!;
      const place = { "X-Offset": String(held.length - 1), "X-Crc32": String(crc32(payload)) };
      return new Response(payload, { headers: place });
    }
    return json({});
  });
}

async function copyInto(script: Script): Promise<unknown> {
  return await runCopy(source, new TopicTarget(script.client().topic("t")), {
    signal: new AbortController().signal,
    onBegin: () => {},
    onProgress: () => {},
    onUncertain: () => {},
  });
}

describe("a copy into a topic", () => {
  it("stores nothing twice where a batch comes late that a copy before it had sent", async () => {
    const held = ["m0"];
    const script = topicOf(held, ["m1"]);
    expect(await script.settle(copyInto(script))).toMatchObject({ held: 1, copied: 2 });
    expect(held).toEqual(["m0", "m1", "m2"]);
  });

  it("stores nothing behind a message that is not its own", async () => {
    const held = ["m0"];
    const script = topicOf(held, ["other"]);
    await expect(script.settle(copyInto(script))).rejects.toThrow(
      "the target's last message is not the one at place 1 of the source",
    );
    expect(held).toEqual(["m0", "other"]);
  });
});
