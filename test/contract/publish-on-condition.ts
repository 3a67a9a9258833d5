/** Publishing on condition: `X-Expected-Offset`, and `expected_offset=`. */
import { describe, expect, it } from "vitest";
import type { Reply } from "./api.ts";
import type { UseApi } from "./contract.ts";
import { expectError } from "./expect-error.ts";

export function publishOnConditionContract(use: UseApi): void {
  const publish = (topic: string, body: string, expected: number | string, query = ""): Promise<Reply> =>
    use().post(`/${topic}/payload${query}`, body, { headers: { "x-expected-offset": String(expected) } });

  describe("a condition", () => {
    it("lets a message be stored where it gets the offset, and keeps nothing else", async () => {
      const topic = await use().newTopic(["a"]);
      const reply = await publish(topic, "b", 1);
      expect([reply.status, reply.headers["x-offset"]]).toEqual([201, "1"]);
      for (const wrong of [0, 1, 3, Number.MAX_SAFE_INTEGER]) {
        const refused = await publish(topic, "x", wrong);
        expectError(refused, "offset mismatch");
        expect(refused.headers["x-next-offset"]).toBe("2");
      }
      const byQuery = await use().post(`/${topic}/payload?expected_offset=2`, "c");
      expect(byQuery.headers["x-offset"]).toBe("2");
      expectError(await use().post(`/${topic}/payload?expected_offset=2`, "x"), "offset mismatch");
      expect((await publish(topic, "d", 3, "?expected_offset=3")).status).toBe(201);
      expect((await use().get(`/${topic}/batch?format=lines`)).text).toBe("a\nb\nc\nd\n");
    });

    it("is for a batch as a whole", async () => {
      const topic = await use().newTopic(["a"]);
      const send = (expected: number): Promise<Reply> =>
        use().post(`/${topic}/batch?format=lines&expected_offset=${expected}`, "b\nc\n");
      expectError(await send(2), "offset mismatch");
      expect((await send(1)).json).toEqual({ ok: true, offset: 1, count: 2 });
      expectError(await send(2), "offset mismatch");
      expect((await send(3)).json).toEqual({ ok: true, offset: 3, count: 2 });
    });

    it("lets one of many win that race", async () => {
      const topic = await use().newTopic();
      const replies = await Promise.all(Array.from({ length: 20 }, (_, i) => publish(topic, `m${i}`, 0)));
      expect(replies.filter(({ status }) => status === 201)).toHaveLength(1);
      const losers = replies.filter(({ status }) => status === 409);
      expect(losers).toHaveLength(19);
      for (const loser of losers) expectError(loser, "offset mismatch");
      expect((await use().get(`/${topic}`)).json).toMatchObject({ latest_offset: 0 });
    });

    it("builds a counter of two writers that race, without a lost update", async () => {
      const topic = await use().newTopic(["0"]);
      const add = async (times: number): Promise<void> => {
        for (let done = 0; done < times; ) {
          const last = await use().get(`/${topic}/payload/last`);
          const next = Number(last.headers["x-offset"]) + 1;
          const reply = await publish(topic, String(Number(last.text) + 1), next);
          if (reply.status === 201) done += 1;
          else expectError(reply, "offset mismatch");
        }
      };
      await Promise.all([add(50), add(50)]);
      expect((await use().get(`/${topic}/payload/last`)).text).toBe("100");
    });

    it("that was met gives a retry under the same key its first answer", async () => {
      const topic = await use().newTopic();
      const headers = { "idempotency-key": "a", "x-expected-offset": "0" };
      expect((await use().post(`/${topic}/payload`, "m", { headers })).status).toBe(201);
      const again = await use().post(`/${topic}/payload`, "m", { headers });
      expect(again.status).toBe(201);
      expect(again.headers).toMatchObject({ "x-offset": "0", "x-duplicate": "true" });
    });

    it.each(["", "-1", "x", "1.5", "0x1", "end", "9007199254740992"])(
      "is refused as %j, and nothing is stored",
      async (text) => {
        const topic = await use().newTopic();
        expectError(await publish(topic, "m", text), "bad request");
        expectError(await use().post(`/${topic}/payload?expected_offset=${text}`, "m"), "bad request");
        expect((await use().get(`/${topic}`)).json).toMatchObject({ latest_offset: -1 });
      },
    );

    it("is refused where header and parameter differ, and where it is there twice", async () => {
      const topic = await use().newTopic();
      expectError(await publish(topic, "m", 0, "?expected_offset=1"), "bad request");
      const twice = await use().post(`/${topic}/payload?expected_offset=0&expected_offset=0`, "m");
      expectError(twice, "bad request");
      expect((await use().get(`/${topic}`)).json).toMatchObject({ latest_offset: -1 });
    });
  });
}
