/** POST /:topic/batch: many messages in one body, in every form, all or nothing. */
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import type { Api, Reply } from "./api.ts";
import type { UseApi } from "./contract.ts";
import { expectError } from "./expect-error.ts";
import { binaryMessage, binarySet } from "./messages.ts";
import { RawConnection } from "./raw.ts";

const MIB = 1024 * 1024;
const MESSAGES = "application/vnd.netlog.messages";

function postAs(api: Api, type: string, path: string, body: string | Buffer): Promise<Reply> {
  return api.post(path, body, { headers: { "content-type": type } });
}

/** Payloads of `[0, count)`; and there is nothing behind them. */
async function payloads(api: Api, topic: string, count: number): Promise<string[]> {
  const found: string[] = [];
  for (let offset = 0; offset < count; offset++) {
    const reply = await api.get(`/${topic}/payload/${offset}`);
    expect(reply.status, `offset ${offset}`).toBe(200);
    found.push(reply.body.toString("latin1"));
  }
  expect((await api.get(`/${topic}/payload/${count}`)).status).toBe(404);
  return found;
}

function expectPublished(reply: Reply, offset: number, count: number): void {
  expect(reply.text).toBe(`{"ok":true,"offset":${offset},"count":${count}}\n`);
  expect(reply.status).toBe(201);
  expect(reply.headers).toMatchObject({
    "content-type": "application/json; charset=utf-8",
    "x-offset": String(offset),
    "x-count": String(count),
    "x-durability": "synced",
  });
}

export function writeBatchContract(use: UseApi): void {
  const two = Buffer.concat([binaryMessage("one"), binaryMessage("two")]);

  describe("POST /:topic/batch", () => {
    it("takes lines, NDJSON, JSON and messages, by content type or by format", async () => {
      const topic = await use().newTopic(["before"]);
      const bodies: [type: string, format: string, body: string | Buffer, count: number][] = [
        ["text/plain", "lines", "a\nb\r\n\nc", 3],
        ["Text/Plain; charset=latin1", "lines", "\xe9\n", 1],
        ["application/x-ndjson", "ndjson", '{"a":1}\nno json\n', 2],
        ["application/json", "json", '["d",{"payload":"e"},{"payload_base64":"/w=="}]', 3],
        [MESSAGES, "messages", two, 2],
        [MESSAGES, "messages", binarySet(1, two), 2],
        [MESSAGES, "messages", binarySet(2, gzipSync(two)), 2],
      ];
      let offset = 1;
      for (const [type, format, body, count] of bodies) {
        expectPublished(await postAs(use(), type, `/${topic}/batch`, body), offset, count);
        offset += count;
        expectPublished(
          await postAs(use(), "image/png", `/${topic}/batch?format=${format}`, body),
          offset,
          count,
        );
        offset += count;
      }
      const found = await payloads(use(), topic, offset);
      expect(found.slice(0, 7)).toEqual(["before", "a", "b", "c", "a", "b", "c"]);
      expect(found.slice(7, 13)).toEqual([
        "\xc3\xa9",
        "\xc3\xa9",
        '{"a":1}',
        "no json",
        '{"a":1}',
        "no json",
      ]);
      expect(found.slice(13, 19)).toEqual(["d", "e", "\xff", "d", "e", "\xff"]);
    });

    it("stores nothing of a batch of which a part is refused, and says which part", async () => {
      const topic = await use().newTopic();
      const bad = Buffer.from(two);
      bad[14] = 0;
      const refused: [type: string, body: string | Buffer, reason: string][] = [
        [MESSAGES, bad, "message 1 at byte 12, checksum"],
        [MESSAGES, two.subarray(0, 23), "message 1 at byte 12, length"],
        [MESSAGES, Buffer.concat([two, binarySet(1, two)]), "message 2 at byte 24, unknown"],
        [
          MESSAGES,
          Buffer.concat([binarySet(1, two), two]),
          "message 1 at byte 33: a message set stands alone",
        ],
        [MESSAGES, binarySet(1, binarySet(1, two)), "in the set as unpacked, message 0 at byte 0"],
        [MESSAGES, "", "at least one message"],
        ["text/plain", "\n\r\n", "no line"],
        ["text/plain", "", "no line"],
        ["application/json", '["a",""]', "element 1: a message has at least one byte"],
        ["application/json", '["a"', "not JSON"],
        ["application/json", "[]", "the array is empty"],
        ["application/json", "", "no JSON array"],
        ["application/json", '["a",{"payload":"b","crc32":1}]', "element 1: crc32"],
      ];
      for (const [type, body, reason] of refused) {
        const reply = await postAs(use(), type, `/${topic}/batch`, body);
        expect(expectError(reply, "bad request")).toContain(reason);
      }
      expect(await use().publish(topic, "first")).toBe(0);
    });

    it("says 400 of a length past the end of the body, whatever the length", async () => {
      const topic = await use().newTopic();
      const message = binaryMessage("one");
      message.writeUInt32BE(0xffffffff, 5);
      expectError(await postAs(use(), MESSAGES, `/${topic}/batch`, message), "bad request");
    });

    it("takes 8 MiB and 65,536 messages, and no more", async () => {
      const topic = await use().newTopic();
      const post = (body: string | Buffer, query = ""): Promise<Reply> =>
        postAs(use(), "text/plain", `/${topic}/batch${query}`, body);
      const line = `${"x".repeat(MIB - 1)}\n`;
      expectPublished(await post(line.repeat(8)), 0, 8);
      expect(expectError(await post(`${line.repeat(8)}y`), "payload too large")).toContain(String(8 * MIB));
      expectPublished(await post("x\n".repeat(65_536)), 8, 65_536);
      const reason = expectError(await post("x\n".repeat(65_537)), "payload too large");
      expect(reason).toBe("a batch has at most 65536 messages");
      const many = `[${Array.from({ length: 65_537 }, () => '"x"').join(",")}]`;
      expectError(await post(many, "?format=json"), "payload too large");
      const bomb = gzipSync(
        Buffer.concat(Array.from({ length: 5 }, () => binaryMessage("x".repeat(2 * MIB)))),
      );
      expectError(await post(binarySet(2, bomb), "?format=messages"), "payload too large");
      expect(await use().publish(topic, "next")).toBe(65_544);
    });

    it("refuses types that it does not know with a list of those it does", async () => {
      const topic = await use().newTopic();
      for (const type of [
        "",
        "image/png",
        "application/x-www-form-urlencoded",
        "text",
        "application/vnd.netlog.frames",
      ]) {
        const headers = type === "" ? {} : { "content-type": type };
        const reply = await use().post(`/${topic}/batch`, "a\n", { headers });
        const reason = expectError(reply, "unsupported media type");
        for (const known of ["text/plain", "application/x-ndjson", "application/json", MESSAGES, "format="]) {
          expect(reason).toContain(known);
        }
      }
    });

    it("is as durable as asked for", async () => {
      const topic = await use().newTopic();
      for (const durability of ["written", "synced"]) {
        const reply = await use().post(`/${topic}/batch?format=lines&durability=${durability}`, "a\n");
        expect(reply.headers["x-durability"]).toBe(durability);
      }
    });

    it.each([
      "format=xml",
      "format=",
      "format=sse",
      "format=lines&format=lines",
      "durability=maybe&format=lines",
      "max=1&format=lines",
    ])("refuses the parameters %s", async (query) => {
      const topic = await use().newTopic();
      expectError(await use().post(`/${topic}/batch?${query}`, "a\n"), "bad request");
    });

    it("tells of a wrong type before it looks for the topic, and of the topic before the rest", async () => {
      const post = (query: string): Promise<Reply> => use().post(`/nobody-made-this/batch${query}`, "a\n");
      expectError(await post(""), "unsupported media type");
      expectError(await post("?format=xml"), "topic not found");
    });

    it("stores nothing of a body that is cut off", async () => {
      const topic = await use().newTopic();
      const connection = await RawConnection.open(use().url);
      connection.send(
        `POST /${topic}/batch?format=lines HTTP/1.1\r\nHost: ${use().host}\r\nContent-Length: 20\r\n\r\na\nb\n`,
      );
      connection.finish();
      expectError(await connection.reply(), "bad request");
      expect(await use().publish(topic, "first")).toBe(0);
    });

    it("takes batches one behind another on one connection", async () => {
      const topic = await use().newTopic();
      const connection = await RawConnection.open(use().url);
      const body = `${"x".repeat(70_000)}\ny\n`;
      const request = `POST /${topic}/batch?format=lines HTTP/1.1\r\nHost: ${use().host}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
      connection.send(request.repeat(5));
      const offsets = new Set<string | undefined>();
      for (let i = 0; i < 5; i++) offsets.add((await connection.reply()).headers["x-offset"]);
      expect(offsets).toEqual(new Set(["0", "2", "4", "6", "8"]));
      connection.leave();
    });
  });
}
