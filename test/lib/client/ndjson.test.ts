import { describe, expect, it } from "vitest";
import { type Line, parseLine, parseLines, readLines } from "../../../lib/client/ndjson.ts";
import { line } from "./scripted-fetch.ts";

async function* pieces(text: string, size: number): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text);
  for (let start = 0; start < bytes.length; start += size) yield bytes.subarray(start, start + size);
}

async function read(text: string, size: number): Promise<Line[]> {
  const lines: Line[] = [];
  for await (const each of readLines(pieces(text, size))) lines.push(...each.map(parseLine));
  return lines;
}

function texts(lines: readonly Line[]): string[] {
  return lines.map((each) => {
    if (each.kind === "closed") return "closed";
    return each.kind === "message" ? each.message.text() : `${each.count} to ${each.next}`;
  });
}

describe("lines of an answer", () => {
  const base64 =
    '{"offset":2,"timestamp":"2026-01-01T00:00:00.000Z","crc32":4278190080,"payload_base64":"/w=="}\n';
  const text = `${line(0, "größer 🦊\n")}\n\n{"skipped":3,"next":9}\n${line(9)}${base64}${line(10, "\ufeffmark")}`;
  const expected = ["größer 🦊\n", "3 to 9", "m9", "\ufffd", "\ufeffmark"];

  it.each([1, 2, 3, 7, 50, 10_000])("are cut wherever pieces of %i bytes end", async (size) => {
    expect(texts(await read(text, size))).toEqual(expected);
  });

  it("are the same where they are all there", () => {
    expect(texts(parseLines(Buffer.from(text)))).toEqual(expected);
  });

  it("are dropped where they are not whole", async () => {
    expect(texts(await read(line(0) + line(1).trimEnd(), 10))).toEqual(["m0"]);
  });

  it("may be as long as a message is", async () => {
    const long = "x".repeat(16 * 1024 * 1024);
    const [only] = texts(await read(line(0, long), 64 * 1024));
    expect(only === long).toBe(true);
  });

  it.each([
    "{",
    "7",
    "null",
    "{}",
    '{"offset":0}',
    '{"offset":"0","crc32":0,"payload":"x"}',
    "<h1>",
    '{"offset":0,"crc32":0,"payload_base64":"*"}',
  ])("are none of netlog's: %s", async (other) => {
    await expect(read(`${other}\n`, 10)).rejects.toMatchObject({ code: "unexpected_answer" });
  });

  it("are none of netlog's where they are nested without end", async () => {
    const payload = "[".repeat(20_000) + "]".repeat(20_000);
    const lines = read(`{"offset":0,"crc32":0,"payload":${payload}}\n`, 10_000);
    await expect(lines).rejects.toMatchObject({ code: "unexpected_answer" });
  });

  it("tell how often a message was given out", () => {
    const [given] = parseLines(Buffer.from(line(0).replace("}", ',"delivery":4}')));
    expect(given).toMatchObject({ kind: "message", delivery: 4 });
  });
});
