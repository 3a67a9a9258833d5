/** Scanners by name: create or find, bounds, conflicts, and their descriptions. */
import { describe, expect, it } from "vitest";
import type { UseApi } from "./contract.ts";
import { expectError } from "./expect-error.ts";

export function namedScannerContract(use: UseApi): void {
  describe("POST /:topic/scanner with an id", () => {
    it("creates it once, and then finds it where it is", async () => {
      const topic = await use().newTopic(["a", "b"]);
      const created = await use().post(`/${topic}/scanner?id=by-name_1.x&from=0`);
      expect([created.status, created.text]).toEqual([
        201,
        '{"id":"by-name_1.x","next":0,"from":0,"persistent":false}\n',
      ]);
      await use().scan(topic, "by-name_1.x");
      const found = await use().post(`/${topic}/scanner?id=by-name_1.x&from=end`);
      expect([found.status, found.text]).toEqual([
        200,
        '{"id":"by-name_1.x","next":1,"from":0,"persistent":false}\n',
      ]);
    });

    it.each([
      ["persist=1", "persist"],
      ["ack=explicit", "^ack is"],
      ["expire=1h", "expire"],
    ])("with %s is another one than the plain one there", async (asked, named) => {
      const topic = await use().newTopic();
      await use().post(`/${topic}/scanner?id=s`);
      const reason = expectError(await use().post(`/${topic}/scanner?id=s&${asked}`), "scanner exists");
      expect(reason).toMatch(new RegExp(named));
    });

    it.each(["ack=auto", "ack_wait=31s", "max_deliver=1", "max_pending=999", "dead_letter=d", "persist=0"])(
      "with %s is another one than the one with acknowledgements there",
      async (asked) => {
        const topic = await use().newTopic();
        await use().post(`/${topic}/scanner?id=s&ack=explicit&expire=1h`);
        const same = `id=s&ack=explicit&ack_wait=30000ms&max_deliver=0&max_pending=1000&expire=60m&persist=1`;
        expect((await use().post(`/${topic}/scanner?${same}`)).status).toBe(200);
        const reason = expectError(await use().post(`/${topic}/scanner?id=s&${asked}`), "scanner exists");
        expect(reason).toContain(asked.split("=")[0]);
      },
    );

    it.each([
      "id=",
      "id=.x",
      "id=-x",
      "id=a%2Fb",
      `id=${"x".repeat(129)}`,
      "ack=maybe",
      "ack=explicit&persist=false",
      "ack=explicit&ack_wait=99ms",
      "ack=explicit&ack_wait=25h",
      "ack=explicit&ack_wait=soon",
      "ack=explicit&max_deliver=-1",
      "ack=explicit&max_deliver=x",
      "ack=explicit&max_pending=0",
      "ack=explicit&max_pending=100001",
      "ack=explicit&max_pending=1e3",
      "ack=explicit&dead_letter=",
      "ack=explicit&dead_letter=.d",
      "expire=0",
      "expire=never",
      "colour=red",
      "ack=auto&ack=auto",
    ])("%s is 400, and nothing is made", async (asked) => {
      const topic = await use().newTopic();
      const reason = expectError(await use().post(`/${topic}/scanner?${asked}`), "bad request");
      expect(reason).toContain(asked.split("&").at(-1)!.split("=")[0]);
      expect((await use().get(`/${topic}/scanner`)).text).toBe("[]\n");
    });

    it("takes the bounds themselves, and no dead letter of its own", async () => {
      const topic = await use().newTopic();
      for (const bounds of ["ack_wait=100ms&max_pending=1", "ack_wait=1day&max_pending=100000"]) {
        expect((await use().post(`/${topic}/scanner?ack=explicit&${bounds}`)).status).toBe(201);
      }
      const own = await use().post(`/${topic}/scanner?ack=explicit&dead_letter=${topic}`);
      expect(expectError(own, "bad request")).toContain("dead_letter");
    });
  });

  describe("GET /:topic/scanner", () => {
    it("tells everything, in this order", async () => {
      const topic = await use().newTopic(["a", "b"]);
      await use().post(`/${topic}/scanner?id=w&ack=explicit&from=0&dead_letter=d&max_deliver=3`);
      const fresh = await use().get(`/${topic}/scanner?id=w`);
      expect(fresh.text).toBe(
        '{"id":"w","next":0,"from":0,"persistent":true,"ack":"explicit","lag":2,"pending":0,"oldest_pending":null,' +
          '"redelivered":0,"dead_lettered":0,"skipped":0,"last_scan":null,"settings":{"ack_wait":"30s",' +
          '"max_deliver":3,"max_pending":1000,"dead_letter":"d","expire":null}}\n',
      );
      await use().post(`/${topic}/scanner?id=a`);
      const all = (await use().get(`/${topic}/scanner`)).json as Record<string, unknown>[];
      expect(all).toMatchObject([
        { id: "a", ack: "auto", settings: { expire: "7day" } },
        { id: "w", ack: "explicit" },
      ]);
      expect((await use().call("HEAD", `/${topic}/scanner`)).status).toBe(200);
    });

    it("knows no others", async () => {
      const topic = await use().newTopic();
      expectError(await use().get(`/${topic}/scanner?id=nobody`), "scanner not found");
      expectError(await use().get("/nothing-here/scanner"), "topic not found");
      expectError(await use().get(`/${topic}/scanner?name=x`), "bad request");
    });
  });
}
