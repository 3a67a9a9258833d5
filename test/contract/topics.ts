/** Topics as a whole: list, create, info, delete, sync. */
import { describe, expect, it } from "vitest";
import type { UseApi } from "./contract.ts";
import { expectError } from "./expect-error.ts";

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const RFC_3339_MS = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

export function topicContract(use: UseApi): void {
  describe("GET /", () => {
    it("is an array of names, sorted", async () => {
      const made = [await use().newTopic(), await use().newTopic(), await use().newTopic()];
      const reply = await use().get("/");
      expect(reply.status).toBe(200);
      const names = reply.json as string[];
      expect(names).toEqual([...names].sort());
      expect(names).toEqual(expect.arrayContaining(made));
    });
  });

  describe("POST /:topic", () => {
    it("makes a topic, and says so", async () => {
      const name = use().freshName();
      const reply = await use().post(`/${name}`);
      expect(reply.status).toBe(201);
      expect(reply.text).toBe('{"ok":true,"message":"topic created"}\n');
      expect(reply.headers["content-type"]).toBe("application/json; charset=utf-8");
      expect((await use().get("/")).json).toContain(name);
    });

    it("refuses a second one of the same name, without a reason", async () => {
      const topic = await use().newTopic(["a"]);
      expectError(await use().post(`/${topic}`), "topic exists");
      expect((await use().get(`/${topic}/payload/0`)).text).toBe("a");
    });

    it.each(["Z", "a.b-c_D.9", "_x", "9", "x..y"])(
      "takes the name %j, with whatever is safe",
      async (rest) => {
        const name = `${rest}${use().freshName()}`;
        expect((await use().post(`/${name}`)).status).toBe(201);
        expect((await use().get(`/${name}`)).json).toMatchObject({ name });
        await use().delete(`/${name}`);
      },
    );

    it("takes names of 255 characters, and not of 256", async () => {
      const name = use().freshName().padEnd(255, "x");
      expect((await use().post(`/${name}`)).status).toBe(201);
      expectError(await use().post(`/${name}x`), "invalid topic name");
      expect((await use().delete(`/${name}`)).status).toBe(200);
    });

    it.each([
      ".x",
      "-x",
      ".",
      "..",
      "a b",
      "a%20b",
      "a%2Fb",
      "%C3%A4",
      "a:b",
      "a%00b",
      "a%0Ab",
      "a~b",
      "a%5Cb",
      "a*",
    ])("refuses the name %s, which is no topic elsewhere either", async (name) => {
      const path = `/${name.replace(" ", "+")}`;
      expect(expectError(await use().post(path), "invalid topic name")).toContain("A-Z a-z 0-9");
      expectError(await use().get(path), "topic not found");
      expectError(await use().delete(path), "topic not found");
      expectError(await use().post(`${path}/payload`, "x"), "topic not found");
    });

    it("makes one of two that come at once, and refuses the other", async () => {
      const name = use().freshName();
      const replies = await Promise.all([use().post(`/${name}`), use().post(`/${name}`)]);
      expect(replies.map(({ status }) => status).sort()).toEqual([201, 400]);
      expectError(replies.find(({ status }) => status === 400)!, "topic exists");
    });
  });

  describe("GET /:topic", () => {
    it("describes an empty topic", async () => {
      const topic = await use().newTopic();
      const reply = await use().get(`/${topic}`);
      expect(reply.status).toBe(200);
      const info = reply.json as { segments: unknown[] };
      expect(Object.keys(info)).toEqual([
        ...["name", "path", "disk_size", "first_offset", "latest_offset", "segments", "mod_time", "scanners"],
        ...["id", "settings"],
      ]);
      expect(info).toMatchObject({
        name: topic,
        path: topic,
        first_offset: 0,
        latest_offset: -1,
        scanners: {},
        id: expect.stringMatching(UUID),
      });
      expect(info).toMatchObject({
        disk_size: expect.any(Number),
        mod_time: expect.stringMatching(RFC_3339_MS),
      });
      expect(info.segments).toEqual([
        {
          first_offset: 0,
          disk_size: expect.any(Number),
          data_size: expect.any(Number),
          mod_time: expect.stringMatching(RFC_3339_MS),
        },
      ]);
    });

    it("counts messages, bytes, segments and scanners", async () => {
      const payload = "x".repeat(400);
      const topic = await use().newTopic([payload, payload, payload, payload, payload], {
        segment_size: 1024,
      });
      const id = await use().newScanner(topic, "2");
      const info = (await use().get(`/${topic}`)).json as Record<string, unknown>;
      expect(info).toMatchObject({ first_offset: 0, latest_offset: 4 });
      expect(info.scanners).toEqual({ [id]: { id, next: 2, from: 2, persistent: false } });
      const segments = info.segments as { first_offset: number; disk_size: number; data_size: number }[];
      expect(segments.map(({ first_offset: first }) => first)).toEqual([0, 2, 4]);
      for (const segment of segments) expect(segment.disk_size).toBeGreaterThanOrEqual(segment.data_size);
      expect(info.disk_size).toBe(segments.reduce((sum, segment) => sum + segment.disk_size, 0));
      expect(info.disk_size).toBeGreaterThan(5 * 400);
    });

    it("knows no topic that was never made", async () => {
      expectError(await use().get("/nobody-made-this"), "topic not found");
    });
  });

  describe("DELETE /:topic", () => {
    it("deletes, and says so", async () => {
      const topic = await use().newTopic(["a"]);
      const reply = await use().delete(`/${topic}`);
      expect(reply.status).toBe(200);
      expect(reply.text).toBe('{"ok":true,"message":"topic deleted"}\n');
      expectError(await use().get(`/${topic}`), "topic not found");
      expectError(await use().delete(`/${topic}`), "topic not found");
      expect((await use().get("/")).json).not.toContain(topic);
    });

    it("refuses while there are scanners, unless forced", async () => {
      const topic = await use().newTopic(["a"]);
      const id = await use().newScanner(topic);
      expectError(await use().delete(`/${topic}`), "resource busy");
      expect((await use().scan(topic, id)).text).toBe("a");
      expect((await use().delete(`/${topic}?force=true`)).status).toBe(200);
      expectError(await use().scan(topic, id), "topic not found");
    });

    it("deletes once the scanners are gone", async () => {
      const topic = await use().newTopic();
      const id = await use().newScanner(topic);
      expect((await use().delete(`/${topic}/scanner?id=${id}`)).status).toBe(200);
      expect((await use().delete(`/${topic}`)).status).toBe(200);
    });

    it("leaves nothing to a new topic of the same name", async () => {
      const topic = await use().newTopic(["old"], { segment_size: 2048 });
      const id = await use().newScanner(topic, "0", "&persist=1");
      const before = (await use().get(`/${topic}`)).json as { id: string };
      await use().delete(`/${topic}?force=1`);
      await use().post(`/${topic}`);
      expect((await use().get(`/${topic}`)).json).not.toMatchObject({ id: before.id });
      expect((await use().get(`/${topic}`)).json).toMatchObject({
        latest_offset: -1,
        scanners: {},
        settings: { segment_size: 1073741824 },
      });
      expectError(await use().scan(topic, id), "scanner not found");
      expect(await use().publish(topic, "new")).toBe(0);
      expect((await use().get(`/${topic}/payload/0`)).text).toBe("new");
    });
  });

  describe("GET /:topic/sync", () => {
    it("answers when everything is on the disk", async () => {
      const topic = await use().newTopic(["a"], { durability: "written" });
      const reply = await use().get(`/${topic}/sync`);
      expect(reply.status).toBe(200);
      expect(reply.text).toBe('{"ok":true,"message":"synced"}\n');
    });
  });
}
