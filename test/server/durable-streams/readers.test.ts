/** Readers of a stream beside its writers, at its end, and over its time. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Api, Reply } from "../../contract/api.ts";
import { serverForTest } from "../server-fixture.ts";

const TYPE = { "Content-Type": "text/plain" };
/** So pages are cut within messages. */
const PAGE_BYTES = 5;
const SECOND_MS = 1000;

const nextOf = ({ headers }: Reply): string => String(headers["stream-next-offset"]);

interface Read {
  readonly bytes: Buffer;
  /** Where each page began, and what had been read before it. */
  readonly places: readonly { readonly token: string; readonly before: number }[];
}

/** Reads page after page until the stream is closed. */
async function readToEnd(api: Api, path: string, live: string): Promise<Read> {
  let bytes = Buffer.alloc(0);
  let token = "-1";
  const places: { token: string; before: number }[] = [];
  for (;;) {
    places.push({ token, before: bytes.length });
    const page = await api.get(`${path}?offset=${token}${live}`);
    expect([200, 204], page.text).toContain(page.status);
    bytes = Buffer.concat([bytes, page.body]);
    token = nextOf(page);
    if (page.headers["stream-closed"] === "true") return { bytes, places };
  }
}

describe("readers of a stream", () => {
  it("have the same bytes beside any writers, by pages and long polls, and from each token on", async () => {
    const texts = fc.array(fc.string({ unit: "grapheme", minLength: 1, maxLength: 12 }), {
      minLength: 1,
      maxLength: 6,
    });
    let run = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(texts, { minLength: 1, maxLength: 3 }), async (writers) => {
        const { api } = await serverForTest({ limits: { streamPageBytes: PAGE_BYTES } });
        const path = `/-/streams/run-${run++}`;
        await api.call("PUT", path, { headers: TYPE });
        const reading = ["", "&live=long-poll"].map((live) => readToEnd(api, path, live));
        const write = async (payloads: readonly string[]): Promise<void> => {
          for (const body of payloads) {
            expect((await api.call("POST", path, { body, headers: TYPE })).status).toBe(204);
          }
        };
        await Promise.all(writers.map(write));
        await api.call("POST", path, { headers: { "Stream-Closed": "true" } });
        const [pages, polls] = await Promise.all(reading);
        expect(pages!.bytes.length).toBe(Buffer.byteLength(writers.flat().join("")));
        expect(polls!.bytes.equals(pages!.bytes)).toBe(true);
        for (const { token, before } of [...pages!.places, ...polls!.places]) {
          const page = await api.get(`${path}?offset=${token}`);
          expect(page.body.length).toBeLessThanOrEqual(PAGE_BYTES);
          expect(page.body.equals(pages!.bytes.subarray(before, before + page.body.length))).toBe(true);
        }
      }),
      { numRuns: 15 },
    );
  });

  it("who wait get the last append and the end together, however they wait", async () => {
    const { api } = await serverForTest();
    const path = "/-/streams/ending";
    const tail = nextOf(await api.call("PUT", path, { headers: TYPE, body: "begun" }));
    const polls = Array.from({ length: 8 }, () => readToEnd(api, path, "&live=long-poll"));
    const events = Array.from({ length: 8 }, () => api.get(`${path}?offset=${tail}&live=sse`));
    const close = { ...TYPE, "Stream-Closed": "true" };
    expect((await api.call("POST", path, { headers: close, body: " and ended" })).status).toBe(204);
    for (const poll of polls) expect((await poll).bytes.toString()).toBe("begun and ended");
    for (const { text } of await Promise.all(events)) {
      // A leading space would be taken away by an EventSource.
      expect(text).toContain("data:  and ended\n");
      expect(text).toMatch(/"streamClosed":true\}\n\n$/);
    }
  });

  it("keep a stream with a ttl alive, and HEAD does not", async () => {
    const { api, runtime } = await serverForTest();
    const path = "/-/streams/passing";
    const headers = { ...TYPE, "Stream-TTL": "10" };
    expect((await api.call("PUT", path, { headers })).status).toBe(201);
    const acts = [
      () => api.call("POST", path, { headers: TYPE, body: "a" }),
      () => api.get(path),
      () => api.get(`${path}?offset=now`),
    ];
    for (const act of acts) {
      await runtime.advance(8 * SECOND_MS);
      expect((await act()).status).toBeLessThan(300);
    }
    await runtime.advance(8 * SECOND_MS);
    expect((await api.call("HEAD", path)).headers["stream-ttl"]).toBe("10");
    await runtime.advance(3 * SECOND_MS);
    expect((await api.call("HEAD", path)).status).toBe(404);
    expect((await api.call("PUT", path, { headers })).status).toBe(201);
  });
});

describe("an offset", () => {
  it("within a message leads on where it says, and is refused where there is no such byte", async () => {
    const { api } = await serverForTest();
    const path = "/-/streams/places";
    await api.call("PUT", path, { headers: TYPE, body: "hello" });
    const at = (message: number, byte: number): Promise<Reply> =>
      api.get(`${path}?offset=${String(message).padStart(16, "0")}_${String(byte).padStart(16, "0")}`);
    expect((await at(0, 2)).text).toBe("llo");
    expect((await at(1, 0)).text).toBe("");
    for (const [message, byte] of [
      [0, 5],
      [1, 1],
      [2, 0],
    ] as const) {
      expect((await at(message, byte)).headers["x-netlog-error"]).toBe("invalid_offset");
    }
  });
});
