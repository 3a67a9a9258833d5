/** GET /:topic/stream: what is there, then what comes. */
import { describe, expect, it } from "vitest";
import { framesIn } from "./batch-out.ts";
import type { UseApi } from "./contract.ts";
import { expectError } from "./expect-error.ts";
import { LiveStream } from "./live-stream.ts";

export function streamOutContract(use: UseApi): void {
  const open = (path: string, headers: Readonly<Record<string, string>> = {}): Promise<LiveStream> =>
    LiveStream.open(`${use().url}${path}`, headers);

  describe("GET /:topic/stream", () => {
    it("gives what is there, then what comes", async () => {
      const topic = await use().newTopic(["a", "b"]);
      const stream = await open(`/${topic}/stream`);
      expect(stream.status).toBe(200);
      expect(stream.headers).toMatchObject({
        "content-type": "application/x-ndjson",
        "x-accel-buffering": "no",
        "cache-control": "no-store",
      });
      for (const [offset, payload] of ["a", "b"].entries()) {
        expect(JSON.parse(await stream.line())).toMatchObject({ offset, payload });
      }
      await use().publish(topic, "c");
      expect(JSON.parse(await stream.line())).toMatchObject({ offset: 2, payload: "c" });
    });

    it("sends its headers before there is anything to send", async () => {
      const topic = await use().newTopic();
      for (const format of ["ndjson", "lines", "sse", "frames"]) {
        expect((await open(`/${topic}/stream?format=${format}`)).status).toBe(200);
      }
    });

    it("ends at the end where it is not to follow", async () => {
      const topic = await use().newTopic(["a", "b", "c"]);
      for (const follow of ["0", "false", "no", "No"]) {
        const reply = await use().get(`/${topic}/stream?follow=${follow}&format=lines&from=1`);
        expect([reply.status, reply.text]).toEqual([200, "b\nc\n"]);
      }
      const json = await use().get(`/${topic}/stream?follow=0&format=json`);
      expect(json.json).toMatchObject([{ offset: 0 }, { offset: 1 }, { offset: 2 }]);
      const frames = await use().get(`/${topic}/stream?follow=0&format=frames&from=1`);
      expect(framesIn(frames.body).map(({ baseOffset }) => baseOffset)).toEqual([1, 2]);
    });

    it("is empty where nothing is there and it is not to follow", async () => {
      const topic = await use().newTopic();
      for (const format of ["ndjson", "lines", "frames"]) {
        const reply = await use().get(`/${topic}/stream?follow=0&format=${format}`);
        expect([reply.status, reply.text]).toEqual([200, ""]);
      }
      expect((await use().get(`/${topic}/stream?follow=0&format=json`)).json).toEqual([]);
    });

    it.each(["1", "true", "YES", ""])("follows for follow=%s", async (follow) => {
      const topic = await use().newTopic(["a"]);
      const stream = await open(`/${topic}/stream?follow=${follow}&format=lines`);
      await stream.comes("a\n");
      await use().publish(topic, "b");
      await stream.comes("b\n");
    });

    it("begins at any spelling of an offset", async () => {
      const topic = await use().newTopic(["a", "b"]);
      for (const [from, text] of [
        ["last", "b\n"],
        ["end", ""],
        ["1day", "a\nb\n"],
        ["0", "a\nb\n"],
        ["2", ""],
      ]) {
        expect((await use().get(`/${topic}/stream?follow=no&format=lines&from=${from}`)).text).toBe(text);
      }
      const stream = await open(`/${topic}/stream?format=lines&from=now`);
      await use().publish(topic, "c");
      await stream.comes("c\n");
    });

    it("gives frames as they come", async () => {
      const topic = await use().newTopic(["a"]);
      const stream = await open(`/${topic}/stream?format=frames`);
      const { body } = await use().get(`/${topic}/batch?format=frames`);
      await stream.comes("NLF");
      await use().delete(`/${topic}`);
      const { end, rest } = await stream.ended();
      expect(end).toBe("complete");
      expect(`NLF${rest}`).toBe(body.toString("latin1"));
    });

    it("goes through a topic of many pieces, byte for byte", async () => {
      const payloads = Array.from({ length: 3000 }, (_, i) => `${i} ${"x".repeat(i % 900)}`);
      const topic = await use().newTopic([], { segment_size: 100_000 });
      for (let i = 0; i < payloads.length; i += 250) {
        await use().post(`/${topic}/batch?format=lines`, `${payloads.slice(i, i + 250).join("\n")}\n`);
      }
      const reply = await use().get(`/${topic}/stream?follow=0&format=lines`);
      expect(reply.text).toBe(`${payloads.join("\n")}\n`);
    });

    it("is cut at a payload that its lines cannot hold, and is 406 when that is the first", async () => {
      const topic = await use().newTopic(["a", "two\nlines"]);
      const stream = await open(`/${topic}/stream?format=lines`);
      await stream.comes("a\n");
      expect(await stream.ended()).toEqual({ end: "cut", rest: "" });
      expectError(await use().get(`/${topic}/stream?format=lines&from=1`), "not acceptable");
    });

    it("ends properly when the topic is deleted", async () => {
      const topic = await use().newTopic(["a"]);
      const streams = await Promise.all(
        ["lines", "ndjson", "sse"].map((format) => open(`/${topic}/stream?format=${format}`)),
      );
      await streams[0]!.comes("a\n");
      await use().delete(`/${topic}`);
      for (const stream of streams) expect((await stream.ended()).end).toBe("complete");
    });

    it("refuses what it cannot give", async () => {
      const topic = await use().newTopic(["a"]);
      const id = await use().newScanner(topic);
      const stream = `/${topic}/stream`;
      expectError(await use().get("/no-such-topic/stream?max=1"), "topic not found");
      expectError(await use().get(`${stream}?id=nobody&from=0`), "scanner not found");
      for (const query of [
        `id=${id}&from=0`,
        "max=1",
        "wait=1s",
        "format=xml",
        "follow=maybe",
        "follow=0&follow=0",
      ]) {
        expectError(await use().get(`${stream}?${query}`), "bad request");
      }
      expectError(await use().get(`${stream}?from=2`), "offset not found");
      expectError(await use().get(`${stream}?from=x`), "bad request");
      expectError(await use().get(`${stream}?format=json`), "not acceptable");
      expectError(await use().get(`${stream}?format=frames&id=${id}`), "not acceptable");
      expectError(await use().get(stream, { headers: { accept: "image/png" } }), "not acceptable");
      const head = await use().call("HEAD", stream);
      expect([head.status, head.headers.allow]).toEqual([405, expect.stringContaining("GET")]);
    });
  });

  describe("GET /:topic/stream of a scanner", () => {
    it("gives its messages, and what was handed over is not given again", async () => {
      const topic = await use().newTopic(["a", "b", "c"]);
      const id = await use().newScanner(topic, "1");
      const stream = await open(`/${topic}/stream?id=${id}&format=lines`);
      await stream.comes("b\nc\n");
      await use().publish(topic, "d");
      await stream.comes("d\n");
      stream.leave();
      // Until the server knows that the stream's client has left, the stream takes what is there.
      const next = async (): Promise<string> => {
        await use().publish(topic, "e");
        return (await use().scan(topic, id)).text;
      };
      await expect.poll(next).toBe("e");
    });

    it("ends at the end where it is not to follow", async () => {
      const topic = await use().newTopic(["a", "b"]);
      const id = await use().newScanner(topic);
      expect((await use().get(`/${topic}/stream?id=${id}&follow=0&format=lines`)).text).toBe("a\nb\n");
      expect((await use().get(`/${topic}/stream?id=${id}&follow=0&format=lines`)).text).toBe("");
    });

    it("ends properly when the scanner is deleted", async () => {
      const topic = await use().newTopic(["a"]);
      const id = await use().newScanner(topic);
      const stream = await open(`/${topic}/stream?id=${id}&format=lines`);
      await stream.comes("a\n");
      await use().delete(`/${topic}/scanner?id=${id}`);
      expect(await stream.ended()).toEqual({ end: "complete", rest: "" });
    });

    it("shares its messages with others, each given once", async () => {
      const topic = await use().newTopic();
      const id = await use().newScanner(topic);
      const streams = await Promise.all([1, 2].map(() => open(`/${topic}/stream?id=${id}&format=lines`)));
      const lines = Promise.race(streams.map((stream) => stream.line()));
      await use().publish(topic, "only one");
      expect(await lines).toBe("only one");
      expectError(await use().scan(topic, id), "end of topic");
    });
  });
}
