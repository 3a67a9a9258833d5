/** Scanners made and deleted. */
import { describe, expect, it } from "vitest";
import type { UseApi } from "./contract.ts";
import { expectError } from "./expect-error.ts";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

export function scannerContract(use: UseApi): void {
  describe("POST /:topic/scanner", () => {
    it("makes one, and tells what it is", async () => {
      const topic = await use().newTopic(["a", "b"]);
      const reply = await use().post(`/${topic}/scanner?from=1`);
      expect(reply.status).toBe(201);
      expect(reply.headers["content-type"]).toBe("application/json; charset=utf-8");
      const info = reply.json as { id: string };
      expect(Object.keys(info).slice(0, 4)).toEqual(["id", "next", "from", "persistent"]);
      expect(info).toMatchObject({ id: expect.stringMatching(UUID), next: 1, from: 1, persistent: false });
    });

    it("begins at the first message where nothing is said", async () => {
      const topic = await use().newTopic(["a", "b"]);
      expect((await use().post(`/${topic}/scanner`)).json).toMatchObject({ next: 0, from: 0 });
      expect((await use().post(`/${topic}/scanner?from=`)).json).toMatchObject({ next: 0, from: 0 });
    });

    it.each([
      ["beginning", 0],
      ["OLDEST", 0],
      ["0", 0],
      ["2", 2],
      ["last", 2],
      ["latest", 2],
      ["end", 3],
      ["Now", 3],
      ["3", 3],
      ["1h", 0],
      ["1day", 0],
      ["2020-01-01T00:00:00Z", 0],
      ["2020-01-01T00:00:00 02:00", 0],
      ["2100-01-01T00:00:00.5-08:00", 3],
    ])("begins at from=%s", async (from, next) => {
      const topic = await use().newTopic(["a", "b", "c"]);
      const reply = await use().post(`/${topic}/scanner?from=${encodeURIComponent(from)}`);
      expect(reply.json).toMatchObject({ next, from: next });
    });

    it.each(["x", "1.5", "soon", "1day2year", "2020-01-01"])(
      "refuses a from that is no offset: %s",
      async (from) => {
        const topic = await use().newTopic(["a"]);
        expect(expectError(await use().post(`/${topic}/scanner?from=${from}`), "bad request")).toContain(
          "from",
        );
      },
    );

    it.each(["-1", "-99"])("refuses a negative from: %s", async (from) => {
      const topic = await use().newTopic(["a"]);
      expectError(await use().post(`/${topic}/scanner?from=${from}`), "invalid offset");
    });

    it.each(["2", "99", "9007199254740993"])("finds no from beyond the next message: %s", async (from) => {
      const topic = await use().newTopic(["a"]);
      const reply = await use().post(`/${topic}/scanner?from=${from}`);
      expectError(reply, "offset not found");
      expect(reply.headers["x-first-offset"]).toBeUndefined();
    });

    it("makes a scanner of its own each time", async () => {
      const topic = await use().newTopic(["a"]);
      const [first, second] = [await use().newScanner(topic), await use().newScanner(topic)];
      expect(first).not.toBe(second);
      expect((await use().scan(topic, first)).text).toBe("a");
      expect((await use().scan(topic, second)).text).toBe("a");
    });

    it("knows no topic that was never made", async () => {
      expectError(await use().post("/nobody-made-this/scanner"), "topic not found");
    });
  });

  describe("DELETE /:topic/scanner", () => {
    it("deletes one, and says so", async () => {
      const topic = await use().newTopic(["a"]);
      const id = await use().newScanner(topic, "0", "&persist=true");
      const reply = await use().delete(`/${topic}/scanner?id=${id}`);
      expect(reply.status).toBe(200);
      expect(reply.text).toBe('{"ok":true,"message":"scanner deleted"}\n');
      expectError(await use().scan(topic, id), "scanner not found");
      expectError(await use().delete(`/${topic}/scanner?id=${id}`), "scanner not found");
      expect((await use().get(`/${topic}`)).json).toMatchObject({ scanners: {} });
    });

    it("leaves the others alone", async () => {
      const topic = await use().newTopic(["a"]);
      const [gone, kept] = [await use().newScanner(topic), await use().newScanner(topic)];
      await use().delete(`/${topic}/scanner?id=${gone}`);
      expect((await use().scan(topic, kept)).text).toBe("a");
    });

    it("requires an id", async () => {
      const topic = await use().newTopic();
      for (const query of ["", "?id=", "?x=1"]) {
        expect(expectError(await use().delete(`/${topic}/scanner${query}`), "bad request")).toContain("id");
      }
    });

    it.each(["nobody", "..%2F..%2Fsettings.json", "%00", "."])("knows no scanner %s", async (id) => {
      const topic = await use().newTopic();
      expectError(await use().delete(`/${topic}/scanner?id=${id}`), "scanner not found");
      expectError(await use().get(`/${topic}/scan?id=${id}`), "scanner not found");
      expect((await use().get(`/${topic}`)).status).toBe(200);
    });

    it("knows no scanner of another topic", async () => {
      const [topic, other] = [await use().newTopic(["a"]), await use().newTopic()];
      const id = await use().newScanner(topic);
      expectError(await use().delete(`/${other}/scanner?id=${id}`), "scanner not found");
      expectError(await use().scan(other, id), "scanner not found");
      expect((await use().scan(topic, id)).text).toBe("a");
    });
  });
}
