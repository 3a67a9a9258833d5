/** Query strings: decoding, repetition, unknown names, flags. */
import { describe, expect, it } from "vitest";
import type { UseApi } from "./contract.ts";
import { expectError } from "./expect-error.ts";

export function parameterContract(use: UseApi): void {
  describe("parameters", () => {
    it("given twice are refused by name, on every route", async () => {
      const topic = await use().newTopic(["a"]);
      const id = await use().newScanner(topic);
      const calls = [
        use().get(`/${topic}/scan?id=${id}&id=${id}`),
        use().get(`/${topic}/scan?id=${id}&wait=1s&wait=1s`),
        use().get(`/${topic}/check?from=0&from=0`),
        use().post(`/${topic}/scanner?from=0&from=0`),
        use().post(`/${topic}/payload?durability=synced&durability=synced`, "x"),
        use().delete(`/${topic}?force=1&%66orce=1`),
        use().get(`/?x&x`),
        use().get(`/${topic}?x=1&x=2`),
        use().get(`/${topic}/sync?x=1&x=2`),
        use().get(`/${topic}/payload/0?x=1&x=2`),
      ];
      for (const call of calls) {
        expect(expectError(await call, "bad request")).toMatch(
          /"(id|wait|from|durability|force|x)" was given twice/,
        );
      }
      expect((await use().scan(topic, id)).text).toBe("a");
      expect((await use().get(`/${topic}`)).json).toMatchObject({ latest_offset: 0 });
    });

    it("that nobody knows are ignored on NetLog's routes, but not where a scanner is made", async () => {
      const topic = await use().newTopic(["a"]);
      const id = await use().newScanner(topic);
      expect((await use().get("/?x=1")).status).toBe(200);
      expect((await use().get(`/${topic}?x=1`)).status).toBe(200);
      expect((await use().get(`/${topic}/sync?x=1`)).status).toBe(200);
      expect((await use().get(`/${topic}/check?x=1`)).status).toBe(200);
      expect((await use().get(`/${topic}/payload/0?x=1`)).text).toBe("a");
      expect((await use().get(`/${topic}/scan?x=1&id=${id}`)).text).toBe("a");
      expect((await use().post(`/${topic}/payload?x=1`, "b")).status).toBe(201);
      const reason = expectError(await use().post(`/${topic}/scanner?nonsense=0`), "bad request");
      expect(reason).toContain('"nonsense"');
    });

    it.each([
      ["POST", "/:topic/payload?duribility=written", "durability"],
      ["POST", "/:fresh?segment_age=1day", "segment_age"],
      ["DELETE", "/:topic?from=0&focre=1", "from"],
      ["DELETE", "/:topic?focre=1", "force"],
      ["GET", "/:topic/scan?id=:id&wiat=1s", "wait"],
      ["GET", "/:topic/scan?id=:id&persist=1", "persist"],
      ["GET", "/:topic/payload/0?format=json", "format"],
      ["GET", "/:topic/check?form=0", "from"],
      ["GET", "/:topic/sync?max=1", "max"],
      ["GET", "/:topic?compression_typ=1", "compression_type"],
      ["GET", "/?wait=1s", "wait"],
    ] as const)("that look like one of ours are refused there: %s %s", async (method, path, meant) => {
      const topic = await use().newTopic(["a"]);
      const id = await use().newScanner(topic);
      const target = path.replace(":topic", topic).replace(":id", id).replace(":fresh", use().freshName());
      const reply = await use().call(method, target, method === "POST" ? { body: "{}" } : {});
      expect(expectError(reply, "bad request")).toContain(meant);
      expect((await use().get(`/${topic}`)).json).toMatchObject({ latest_offset: 0 });
      expect((await use().scan(topic, id)).text).toBe("a");
    });

    it.each([
      ["GET", "/:topic/batch?form=0", "did you mean from?"],
      ["GET", "/:topic/stream?nonsense=1", "there are: from, id, follow, format"],
      ["GET", "/:topic/scanner?x=1", "there are: id"],
      ["POST", "/:topic/batch?durabilty=written&format=lines", "did you mean durability?"],
      ["POST", "/:topic/stream?max=1", "max is a parameter of other routes"],
      ["POST", "/:topic/scan?id=:id&x=1", "there are: id, wait, max, format"],
      ["GET", "/:topic/scan?id=:id&max=1&x=1", "there are: id, wait, max, format"],
      ["POST", "/:topic/sync?x=1", "there are: none"],
      ["POST", "/:topic/seek?id=:id&to=0&form=1", "there are: id, to"],
      ["PATCH", "/:topic?segment_age=1day", "segment_age is a setting"],
      ["GET", "/-/health?x=1", "there are: none"],
    ] as const)("that nobody knows are refused elsewhere: %s %s", async (method, path, told) => {
      const topic = await use().newTopic(["a"]);
      const id = await use().newScanner(topic);
      const target = path.replace(":topic", topic).replace(":id", id);
      const reply = await use().call(method, target, { headers: { "content-type": "text/plain" } });
      expect(expectError(reply, "bad request")).toContain(told);
      expect((await use().scan(topic, id)).text).toBe("a");
    });

    it("that are known are taken by the proper verbs of scan and sync", async () => {
      const topic = await use().newTopic(["a"]);
      const id = await use().newScanner(topic);
      expect((await use().post(`/${topic}/scan?id=${id}&wait=0s`)).text).toBe("a");
      expect((await use().post(`/${topic}/sync`)).status).toBe(200);
    });

    it("are percent-decoded, with a plus as a space", async () => {
      const topic = await use().newTopic(["a"]);
      expect((await use().post(`/${topic}/scanner?%66rom=%66irst`)).status).toBe(201);
      expect((await use().post(`/${topic}/scanner?from=2020-01-01T00:00:00+01:00`)).status).toBe(201);
      expect((await use().post(`/${topic}/scanner?from=2020-01-01T00:00:00%2B01:00`)).status).toBe(201);
      const reason = expectError(await use().post(`/${topic}/scanner?from=a+b%20c`), "bad request");
      expect(reason).toContain("a b c");
    });

    it("with a malformed encoding are refused", async () => {
      const topic = await use().newTopic(["a"]);
      const id = await use().newScanner(topic);
      for (const bad of ["%", "%2", "%zz", "%ff"]) {
        expectError(await use().post(`/${topic}/scanner?from=${bad}`), "bad request");
        expectError(await use().post(`/${topic}/scanner?from=0&${bad}=1`), "bad request");
        expectError(await use().get(`/${topic}/scan?id=${id}&wait=${bad}`), "bad request");
        expectError(await use().get(`/${topic}/scan?id=${id}&other=${bad}`), "bad request");
        expectError(await use().get(`/${topic}/payload/0?x=${bad}`), "bad request");
      }
      expect((await use().scan(topic, id)).text).toBe("a");
    });

    it("may be empty, and pieces between ampersands may", async () => {
      const topic = await use().newTopic(["a"]);
      const id = await use().newScanner(topic);
      expect((await use().get(`/${topic}/scan?&&id=${id}&wait=&`)).text).toBe("a");
      expect((await use().post(`/${topic}/scanner?from=&persist=`)).json).toMatchObject({
        from: 0,
        persistent: false,
      });
      expect((await use().post(`/${topic}/scanner?persist`)).json).toMatchObject({ persistent: false });
      expect((await use().get(`/${topic}/sync?`)).status).toBe(200);
    });

    it("are flags where they say 1, true or yes in any case, and else are not", async () => {
      const topic = await use().newTopic();
      for (const yes of ["1", "true", "yes", "TRUE", "Yes"]) {
        const reply = await use().post(`/${topic}/scanner?persist=${yes}`);
        expect(reply.json, yes).toMatchObject({ persistent: true });
      }
      for (const no of ["0", "false", "no", "on", "y", "11", "true%20"]) {
        const reply = await use().post(`/${topic}/scanner?persist=${no}`);
        expect(reply.json, no).toMatchObject({ persistent: false });
      }
      for (const no of ["0", "off", ""]) {
        expectError(await use().delete(`/${topic}?force=${no}`), "resource busy");
      }
      expect((await use().delete(`/${topic}?force=YES`)).status).toBe(200);
    });
  });
}
