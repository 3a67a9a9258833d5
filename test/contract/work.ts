/** Scanners for work: leases in answers, ack, nack, touch, seek, and what is refused. */
import { describe, expect, it } from "vitest";
import type { Api, Reply } from "./api.ts";
import type { UseApi } from "./contract.ts";
import { expectError } from "./expect-error.ts";
import { RawConnection } from "./raw.ts";

interface Work {
  readonly topic: string;
  scan(rest?: string): Promise<Reply>;
  /** `call` is a route with its parameters but `id`. */
  post(call: string, body?: string): Promise<Reply>;
  describe(): Promise<Record<string, unknown>>;
}

async function newWork(api: Api, messageCount: number, rest = ""): Promise<Work> {
  const payloads = Array.from({ length: messageCount }, (_, index) => `m${index}`);
  const topic = await api.newTopic(payloads);
  const created = await api.post(`/${topic}/scanner?id=w&ack=explicit${rest}`);
  expect(created.text).toBe('{"id":"w","next":0,"from":0,"persistent":true}\n');
  expect(created.status).toBe(201);
  return {
    topic,
    scan: (more = "") => api.get(`/${topic}/scan?id=w${more}`),
    post: (call, body) => api.post(`/${topic}/${call}${call.includes("?") ? "&" : "?"}id=w`, body),
    describe: async () => (await api.get(`/${topic}/scanner?id=w`)).json as Promise<Record<string, unknown>>,
  };
}

function expectSettled(reply: Reply, settled: number, refused: number[] = []): void {
  expect(reply.text).toBe(`${JSON.stringify({ ok: true, settled, refused })}\n`);
  expect(reply.status).toBe(200);
}

export function workContract(use: UseApi): void {
  describe("a scan of a scanner with acknowledgements", () => {
    it("carries X-Delivery and X-Lease, another one each time", async () => {
      const work = await newWork(use(), 2);
      const [first, second] = [await work.scan(), await work.scan()];
      expect(first.headers).toMatchObject({ "x-offset": "0", "x-delivery": "1" });
      expect(second.headers).toMatchObject({ "x-offset": "1", "x-delivery": "1" });
      expect(first.headers["x-lease"]).toEqual(expect.stringMatching(/^\S+$/));
      expect(second.headers["x-lease"]).not.toBe(first.headers["x-lease"]);
      expectError(await work.scan(), "end of topic");
    });

    it("leases many at once, each with its count, under one token", async () => {
      const work = await newWork(use(), 4);
      await work.scan();
      await work.post("nack?offset=0");
      const reply = await work.scan("&max=3&format=json");
      expect(reply.json).toMatchObject([
        { offset: 0, delivery: 2, payload: "m0" },
        { offset: 1, delivery: 1 },
        { offset: 2, delivery: 1 },
      ]);
      expectSettled(await work.post(`ack?lease=${String(reply.headers["x-lease"])}`), 3);
    });

    it("loses nothing to clients that leave right behind their request, whatever was on its way", async () => {
      const count = 40;
      const work = await newWork(use(), count, "&ack_wait=100ms");
      for (let i = 0; i < count; i++) {
        const leaving = await RawConnection.open(use().url);
        leaving.send(`GET /${work.topic}/scan?id=w HTTP/1.1\r\nHost: ${use().host}\r\n\r\n`);
        // Some get their answer, some leave before it is written.
        if (i % 2 === 0) await leaving.reply();
        leaving.leave(i % 4 < 2 ? "close" : "reset");
      }
      const settled = new Set<string>();
      while (settled.size < count) {
        const reply = await work.scan("&wait=20s");
        expect(reply.status, reply.text).toBe(200);
        // Without the lease, which a slow machine may let run out.
        expectSettled(await work.post(`ack?offset=${String(reply.headers["x-offset"])}`), 1);
        settled.add(reply.text);
      }
      expect((await work.describe()).pending).toBe(0);
    });

    it("has no lines and no frames", async () => {
      const work = await newWork(use(), 1);
      for (const format of ["lines", "frames"]) {
        expectError(await work.scan(`&format=${format}`), "not acceptable");
        expectError(await use().get(`/${work.topic}/stream?id=w&format=${format}`), "not acceptable");
      }
      expect(await work.describe()).toMatchObject({ pending: 0 });
    });

    it("on a stream leases as it sends, under one token, up to max_pending", async () => {
      const work = await newWork(use(), 3, "&max_pending=2");
      const reply = await use().get(`/${work.topic}/stream?id=w&follow=0`);
      expect(
        reply.text
          .trim()
          .split("\n")
          .map((line) => (JSON.parse(line) as { offset: number }).offset),
      ).toEqual([0, 1]);
      expect(await work.describe()).toMatchObject({ pending: 2, next: 2 });
      expectSettled(await work.post(`ack?lease=${String(reply.headers["x-lease"])}`), 2);
    });

    it("stops at max_pending", async () => {
      const work = await newWork(use(), 2, "&max_pending=1");
      await work.scan();
      expectError(await work.scan(), "end of topic");
      await work.post("ack?offset=0");
      expect((await work.scan()).text).toBe("m1");
    });

    it("gives back what ran out of time, and then a late token is lost", async () => {
      const work = await newWork(use(), 1, "&ack_wait=100ms");
      const late = String((await work.scan()).headers["x-lease"]);
      const again = await work.scan("&wait=30s");
      expect(again.headers).toMatchObject({ "x-offset": "0", "x-delivery": "2" });
      expectError(await work.post(`ack?offset=0&lease=${late}`), "lease lost");
      expect(await work.describe()).toMatchObject({ redelivered: 1, oldest_pending: expect.any(String) });
    });
  });

  describe("POST /:topic/ack", () => {
    it("settles one or many, and twice as well as once", async () => {
      const work = await newWork(use(), 4);
      for (let i = 0; i < 3; i++) await work.scan();
      expectSettled(await work.post("ack?offset=1"), 1);
      expectSettled(await work.post("ack?offset=1"), 1);
      expectSettled(await work.post("ack", "[0,1,2,2]"), 3);
      expect(await work.describe()).toMatchObject({ pending: 0, next: 3, lag: 1 });
    });

    it("settles of an array what can be, and lists the rest", async () => {
      const work = await newWork(use(), 2);
      const [first] = [await work.scan(), await work.scan()];
      expectSettled(await work.post(`ack?lease=${String(first.headers["x-lease"])}`, "[0,1]"), 1, [1]);
    });

    it("of what was never given out is 404, and settles nothing", async () => {
      const work = await newWork(use(), 2);
      await work.scan();
      expectError(await work.post("ack?offset=1"), "offset not found");
      expectError(await work.post("ack", "[0,1]"), "offset not found");
      expectError(await work.post("ack?offset=99999999999999999999"), "offset not found");
      expect(await work.describe()).toMatchObject({ pending: 1 });
    });

    it.each([
      ["ack", undefined],
      ["ack?offset=", undefined],
      ["ack?offset=x", undefined],
      ["ack?offset=-1", undefined],
      ["ack?offset=1.5", undefined],
      ["ack?offset=0&lease=", undefined],
      ["ack?offset=0", "[0]"],
      ["ack", "{}"],
      ["ack", "[0,"],
      ["ack", '[0,"1"]'],
      ["ack", "[-1]"],
      ["ack", "[0.5]"],
      ["ack?offset=0&offset=0", undefined],
      ["ack?offset=0&delay=1s", undefined],
      ["nack?offset=0&delay=2day", undefined],
      ["nack?offset=0&delay=soon", undefined],
      ["nack?offset=0&delay=1s&dead=true", undefined],
      ["touch?offset=0&dead=1", undefined],
      ["seek", undefined],
      ["seek?to=nowhere", undefined],
    ])("%s with body %s is 400, and settles nothing", async (call, body) => {
      const work = await newWork(use(), 1);
      await work.scan();
      expectError(await work.post(call, body), "bad request");
      expect(await work.describe()).toMatchObject({ pending: 1, next: 1 });
    });

    it("names what is missing, in the contract's order", async () => {
      const topic = await use().newTopic(["m0"]);
      const id = await use().newScanner(topic);
      await use().scan(topic, id);
      for (const route of ["ack", "nack", "touch"]) {
        expectError(await use().post(`/nothing-here/${route}?id=${id}&offset=0`), "topic not found");
        expectError(await use().post(`/${topic}/${route}?id=nobody&offset=x`), "scanner not found");
        expectError(await use().post(`/${topic}/${route}?offset=0`), "bad request");
        expectError(await use().post(`/${topic}/${route}?id=${id}&offset=x`), "bad request");
        expectError(await use().post(`/${topic}/${route}?id=${id}&offset=0`), "scanner without ack");
        expectError(await use().get(`/${topic}/${route}?id=${id}&offset=0`), "method not allowed");
      }
    });
  });

  describe("POST /:topic/nack and touch", () => {
    it("gives back at once, later, or to the dead letter", async () => {
      const api = use();
      const dead = api.freshName();
      const work = await newWork(api, 3, `&dead_letter=${dead}`);
      for (let i = 0; i < 3; i++) await work.scan();
      expectSettled(await work.post("nack?offset=1"), 1);
      expectSettled(await work.post("nack?offset=0&delay=1h"), 1);
      expectSettled(await work.post("nack?offset=2&dead=true"), 1);
      expect((await work.scan()).headers).toMatchObject({ "x-offset": "1", "x-delivery": "2" });
      expectError(await work.scan(), "end of topic");
      expect((await api.get(`/${dead}/payload/0`)).text).toBe("m2");
      expect(await work.describe()).toMatchObject({ pending: 2, dead_lettered: 1 });
    });

    it("touch tells whether the message is still held", async () => {
      const work = await newWork(use(), 1);
      await work.scan();
      expectSettled(await work.post("touch?offset=0"), 1);
      await work.post("nack?offset=0");
      expectError(await work.post("touch?offset=0"), "lease lost");
    });

    it("after max_deliver the message is in the dead letter", async () => {
      const api = use();
      const dead = api.freshName();
      const work = await newWork(api, 1, `&dead_letter=${dead}&max_deliver=1&ack_wait=100ms`);
      await work.scan();
      expectError(await work.scan("&wait=500ms"), "end of topic");
      await expect.poll(async () => (await api.get(`/${dead}/payload/0`)).text).toBe("m0");
    });
  });

  describe("POST /:topic/seek", () => {
    it("moves any scanner, and gives it", async () => {
      const work = await newWork(use(), 3);
      await work.scan();
      const reply = await work.post("seek?to=last");
      expect(reply.status).toBe(200);
      expect(reply.json).toEqual(await work.describe());
      expect(reply.json).toMatchObject({ id: "w", next: 2, pending: 0, lag: 1 });
      const plain = await use().newScanner(work.topic, "end");
      await use().post(`/${work.topic}/seek?id=${plain}&to=1`);
      expect((await use().scan(work.topic, plain)).text).toBe("m1");
    });

    it("refuses where there is nothing", async () => {
      const work = await newWork(use(), 3);
      expectError(await work.post("seek?to=4"), "offset not found");
      expectError(await work.post("seek?to=-1"), "bad request");
    });
  });
}
