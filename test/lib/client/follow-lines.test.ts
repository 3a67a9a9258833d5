import { describe, expect, it } from "vitest";
import type { FollowLinesOptions, Gap } from "../../../lib/client/index.ts";
import { clientForTest } from "./client-fixture.ts";
import { line, refused, Script, streaming } from "./scripted-fetch.ts";

/** The text that a stream of lines over these answers gives until it ends, or so many bytes have come. */
async function read(script: Script, options: FollowLinesOptions, bytes = Number.POSITIVE_INFINITY) {
  let text = "";
  const reading = async (): Promise<void> => {
    for await (const lines of script.client().topic("t").streamLines(options)) {
      text += Buffer.from(lines).toString();
      if (text.length >= bytes) break;
    }
  };
  await script.settle(reading());
  return text;
}

const targets = (script: Script): string[] => script.asked.map(({ target }) => target);

const LINES_OF = (from: number): string => `/t/stream?from=${from}&follow=0&format=lines`;
const MESSAGES_OF = (from: number): string => `/t/stream?from=${from}&format=ndjson`;

describe("a stream of lines", () => {
  it("takes what is there as the server's lines, and follows by messages", async () => {
    const script = new Script(
      streaming("ends", "m3\nm", "4\n", "m5\n"),
      streaming("stays", line(6, "with\nlines\n"), line(7)),
    );
    const text = "m3\nm4\nm5\nwith\nlines\nm7\n";
    expect(await read(script, { from: 3 }, text.length)).toBe(text);
    expect(targets(script)).toEqual([LINES_OF(3), MESSAGES_OF(6)]);
  });

  it("ends at the end when it is not to follow, and asks no more", async () => {
    const script = new Script(streaming("ends", "m0\nm1\n"));
    expect(await read(script, { from: 0, follow: false })).toBe("m0\nm1\n");
    expect(targets(script)).toEqual([LINES_OF(0)]);
  });

  it("goes on behind the last whole line when it breaks off", async () => {
    const script = new Script(streaming("breaks", "m0\nm1\nm"), streaming("ends", line(2)));
    expect(await read(script, { from: 0, follow: false })).toBe("m0\nm1\nm2\n");
    expect(targets(script)[1]).toBe("/t/stream?from=2&follow=0&format=ndjson");
  });

  it("tells what retention dropped behind the lines it has read", async () => {
    const script = new Script(
      streaming("breaks", "m0\n"),
      refused(404, "offset_not_found", { "X-First-Offset": "4" }),
      streaming("ends", line(4)),
    );
    const gaps: Gap[] = [];
    const options = { from: 0, follow: false, onSkipped: (gap: Gap) => gaps.push(gap) };
    expect(await read(script, options)).toBe("m0\nm4\n");
    expect(gaps).toEqual([{ count: 3, next: 4 }]);
  });

  it.each([
    [1, "m0\n"],
    [2, "m0\nm1\n"],
    [3, "m0\nm1\ntwo\nlines\n"],
    [4, "m0\nm1\ntwo\nlines\nm3\n"],
  ])("ends behind %i messages", async (count, text) => {
    const script = new Script(
      streaming("breaks", "m0\nm1\n"),
      streaming("stays", line(2, "two\nlines") + line(3) + line(4)),
    );
    expect(await read(script, { from: 0, count })).toBe(text);
    expect(script.asked).toHaveLength(count > 2 ? 2 : 1);
    expect(script.manual.timerCount).toBe(0);
  });

  it("fails as a stream of messages does", async () => {
    const { client, topic } = await clientForTest();
    const nowhere = client.topic("nowhere").streamLines({ from: 0 });
    await expect(nowhere.next()).rejects.toMatchObject({ code: "topic_not_found" });
    await expect(topic.streamLines({ from: 7 }).next()).rejects.toMatchObject({ code: "offset_not_found" });
  });

  it("gives every payload to the byte, whatever lines can hold", async () => {
    const { topic } = await clientForTest();
    const payloads = ["a", "b", "\n", "c\nd", "\r", "e\r\n", Uint8Array.of(0xff, 0), "f"];
    await topic.publishBatch(payloads);
    const read: Uint8Array[] = [];
    for await (const lines of topic.streamLines({ follow: false })) read.push(lines);
    const ended = payloads.map((payload) => Buffer.from(payload));
    const expected = ended.flatMap((bytes) => (bytes.at(-1) === 0x0a ? [bytes] : [bytes, Buffer.from("\n")]));
    expect(Buffer.concat(read)).toEqual(Buffer.concat(expected));
  });
});

describe("a stream of batches", () => {
  it("gives what arrives together, and what stands before a gap or a changed message before that", async () => {
    const changed = line(5).replace("m5", "mX");
    const script = new Script(
      streaming("breaks", `${line(0)}${line(1)}{"skipped":2,"next":4}\n${line(4)}${changed}`),
      streaming("ends", line(5)),
    );
    const told: string[] = [];
    const reading = async (): Promise<void> => {
      const options = {
        from: 0,
        follow: false,
        onSkipped: ({ count }: Gap) => told.push(`${count} skipped`),
      };
      for await (const messages of script.client().topic("t").streamBatches(options)) {
        told.push(messages.map((message) => message.text()).join());
      }
    };
    await script.settle(reading());
    expect(told).toEqual(["m0,m1", "2 skipped", "m4", "m5"]);
  });
});
