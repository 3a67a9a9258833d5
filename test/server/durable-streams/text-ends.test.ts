/** Text that is appended, or read, in pieces that end within a character or within a line's end. */
import { expect, onTestFinished, test } from "vitest";
import { within } from "../../support/deadline.ts";
import { type ServerFixture, serverForTest } from "../server-fixture.ts";

const TYPE = { "Content-Type": "text/plain" };
const EURO = Buffer.from("€");

/** The events of a live reader, as they come. */
async function liveReader({ server }: ServerFixture, path: string) {
  const abort = new AbortController();
  onTestFinished(() => abort.abort());
  const answer = await fetch(`${server.url}${path}?offset=-1&live=sse`, { signal: abort.signal });
  const chunks = answer.body!.pipeThrough(new TextDecoderStream())[Symbol.asyncIterator]();
  let text = "";
  return {
    /** All that came, once it ends so. */
    async until(end: string): Promise<string> {
      while (!text.includes(end)) {
        const { value, done } = await within(`an event with ${end}`, chunks.next());
        if (done === true) throw new Error(`the stream ended without ${end}: ${text}`);
        text += value;
      }
      const events = text;
      text = "";
      return events;
    },
  };
}

/** What an EventSource makes of the data events. */
function textOf(events: string): string {
  let text = "";
  for (const [, lines = ""] of events.matchAll(/event: data\n((?:data:.*\n)+)\n/g)) {
    text += lines
      .slice(0, -1)
      .split("\n")
      .map((line) => line.slice("data:".length))
      .join("\n");
  }
  return text;
}

test("a live reader gets a character whole that comes in two appends", async () => {
  const fixture = await serverForTest();
  const path = "/-/streams/euro";
  await fixture.api.call("PUT", path, { headers: TYPE });
  await fixture.api.call("POST", path, {
    headers: TYPE,
    body: Buffer.concat([Buffer.from("1 "), EURO.subarray(0, 1)]),
  });
  await fixture.api.call("POST", path, { headers: TYPE, body: EURO.subarray(1, 2) });
  const reader = await liveReader(fixture, path);
  const first = await reader.until("upToDate");
  expect(textOf(first)).toBe("1 ");
  expect(first).toContain('"streamNextOffset":"0000000000000000_0000000000000002"');
  await fixture.api.call("POST", path, { headers: TYPE, body: EURO.subarray(2) });
  const second = await reader.until("upToDate");
  expect(textOf(second)).toBe("€");
  expect(second).toContain('"streamNextOffset":"0000000000000003_0000000000000000"');
});

test("a live reader gets one line end of CR and LF that come in two appends", async () => {
  const fixture = await serverForTest();
  const path = "/-/streams/lines";
  await fixture.api.call("PUT", path, { headers: TYPE, body: "a\r" });
  const reader = await liveReader(fixture, path);
  const first = textOf(await reader.until("upToDate"));
  await fixture.api.call("POST", path, { headers: TYPE, body: "\nb\r" });
  const second = textOf(await reader.until("upToDate"));
  await fixture.api.call("POST", path, { headers: { "Stream-Closed": "true" } });
  const last = textOf(await reader.until("streamClosed"));
  expect(first + second + last).toBe("a\nb\n");
});

test("the end of a closed stream holds nothing back", async () => {
  const fixture = await serverForTest();
  const path = "/-/streams/broken";
  await fixture.api.call("PUT", path, { headers: TYPE, body: EURO.subarray(0, 2) });
  const reader = await liveReader(fixture, path);
  expect(textOf(await reader.until("upToDate"))).toBe("");
  await fixture.api.call("POST", path, { headers: { "Stream-Closed": "true" } });
  const end = await reader.until("streamClosed");
  expect(textOf(end)).toBe("\uFFFD");
  expect(end).toContain('"streamNextOffset":"0000000000000001_0000000000000000"');
});

test("each page of text decodes by itself, whatever messages its characters lie in", async () => {
  const { api } = await serverForTest({ limits: { streamPageBytes: 7 } });
  const path = "/-/streams/pages";
  const text = "aé€😀".repeat(9);
  const bytes = Buffer.from(text);
  await api.call("PUT", path, { headers: TYPE, body: bytes.subarray(0, 44) });
  for (let i = 44; i < bytes.length; i++) {
    await api.call("POST", path, { headers: TYPE, body: bytes.subarray(i, i + 1) });
  }
  let token = "-1";
  let read = "";
  for (let pages = 0; read.length < text.length && pages < bytes.length; pages++) {
    const page = await api.get(`${path}?offset=${token}`);
    read += new TextDecoder("utf-8", { fatal: true }).decode(page.body);
    token = String(page.headers["stream-next-offset"]);
  }
  expect(read).toBe(text);
});

test("a large JSON value of many lines is one line of its event, and no longer than it is", async () => {
  const { api } = await serverForTest();
  const path = "/-/streams/values";
  const headers = { "Content-Type": "application/json" };
  const LENGTH = 1024 * 1024;
  const value = `[${"\r\n".repeat(LENGTH / 2)}1]`;
  await api.call("PUT", path, { headers });
  await api.call("POST", path, { headers, body: `["a\\nb",\n2,${value},3]` });
  await api.call("POST", path, { headers: { "Stream-Closed": "true" } });
  const { text } = await api.get(`${path}?offset=-1&live=sse`);
  const events = [...text.matchAll(/event: data\ndata:(.*)\n\nevent: control\ndata:(.*)\n\n/g)];
  expect(events.map(([, data = ""]) => JSON.parse(data) as unknown)).toEqual([["a\nb", 2], [[1]], [3]]);
  expect(events.map(([, , control = ""]) => JSON.parse(control).streamNextOffset.slice(0, 16))).toEqual(
    [2, 3, 4].map((message) => String(message).padStart(16, "0")),
  );
  expect(text.length).toBeLessThan(value.length + 1024);
});
