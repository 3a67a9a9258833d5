/** Bodies that come packed, as Content-Encoding says, by every way in. */
import { constants, createGzip, deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import { beforeAll, describe, expect, it } from "vitest";
import type { Reply } from "./api.ts";
import type { UseApi } from "./contract.ts";
import { expectError } from "./expect-error.ts";
import { binaryMessage } from "./messages.ts";
import { RawConnection } from "./raw.ts";

const MIB = 1024 * 1024;
const GZIP = "gzip";
const CODINGS = [
  [GZIP, gzipSync],
  ["x-gzip", gzipSync],
  ["GZip", gzipSync],
  ["deflate", deflateSync],
  ["identity", (bytes: Buffer) => bytes],
] as const;

export function packedBodyContract(use: UseApi): void {
  const send = (
    path: string,
    body: Buffer,
    encoding = GZIP,
    type?: string,
    method = "POST",
  ): Promise<Reply> => {
    const headers = { "content-encoding": encoding, ...(type === undefined ? {} : { "content-type": type }) };
    return use().call(method as "POST", path, { body, headers });
  };
  const expectMessages = async (topic: string, texts: readonly string[]): Promise<void> => {
    const { text } = await use().get(`/${topic}/stream?follow=0&format=lines`);
    expect(text).toBe(texts.map((each) => `${each}\n`).join(""));
  };

  describe("a packed body", () => {
    it.each(CODINGS)("in %s is unpacked on every way in", async (encoding, pack) => {
      const topic = await use().newTopic();
      const given: [string, string | Buffer, string?][] = [
        [`/${topic}/payload`, "one"],
        [`/${topic}/batch`, "two\nthree\n", "text/plain"],
        [`/${topic}/batch`, '["four"]', "application/json"],
        [`/${topic}/batch?format=messages`, Buffer.concat([binaryMessage("five"), binaryMessage("six")])],
        [`/${topic}/stream`, "seven\neight"],
        [`/${topic}/stream?format=messages`, binaryMessage("nine")],
        [`/${use().freshName()}`, '{"segment_size":2048}'],
      ];
      for (const [path, body, type] of given) {
        const reply = await send(path, pack(Buffer.from(body)), encoding, type);
        expect(reply.status, `${path}: ${reply.text}`).toBe(201);
      }
      const settings = pack(Buffer.from('{"segment_size":4096}'));
      expect((await send(`/${topic}`, settings, encoding, undefined, "PATCH")).status).toBe(200);
      await use().post(`/${topic}/scanner?id=w&ack=explicit&from=0`);
      await use().get(`/${topic}/scan?id=w`);
      const acked = await send(`/${topic}/ack?id=w`, pack(Buffer.from("[0]")), encoding);
      expect(acked.json).toMatchObject({ ok: true, settled: 1 });
      await expectMessages(topic, "one two three four five six seven eight nine".split(" "));
    });

    it("is as large as a message may be, in as many members as it likes", async () => {
      const topic = await use().newTopic();
      const payload = Buffer.alloc(16 * MIB, "0123456789abcdef\n");
      const members = [0, 1, 2, 3].map((n) => gzipSync(payload.subarray(n * 4 * MIB, (n + 1) * 4 * MIB)));
      expect((await send(`/${topic}/payload`, Buffer.concat(members))).status).toBe(201);
      expect((await use().get(`/${topic}/payload/0`)).body.equals(payload)).toBe(true);
    });

    it("that unpacks to more than is taken is refused, however little it is", async () => {
      const topic = await use().newTopic();
      const bomb = (sizeBytes: number): Buffer => gzipSync(Buffer.alloc(sizeBytes, "x"));
      const refused: [string, Buffer, string?][] = [
        [`/${topic}/payload`, bomb(16 * MIB + 1)],
        [`/${topic}/payload`, Buffer.concat(Array<Buffer>(64).fill(bomb(MIB)))],
        [`/${topic}/batch?format=lines`, bomb(8 * MIB + 1)],
        [`/${topic}/batch?format=messages`, bomb(8 * MIB + 1)],
        [`/${topic}/batch`, bomb(8 * MIB + 1), "application/json"],
        [`/${use().freshName()}`, bomb(64 * 1024 + 1)],
      ];
      for (const [path, body, type] of refused) {
        const reply = await send(path, body, GZIP, type);
        expectError(reply, "payload too large");
        expect(reply.headers.connection).toBe("close");
      }
      const streamed = await send(`/${topic}/stream`, bomb(64 * MIB));
      expect(streamed.json).toMatchObject({ error: "netlog: payload too large", count: 0 });
      expect(await use().publish(topic, "first")).toBe(0);
    });

    it("that is larger as it is sent is refused before it comes", async () => {
      const topic = await use().newTopic();
      const connection = await RawConnection.open(use().url);
      connection.send(
        `POST /${topic}/payload HTTP/1.1\r\nHost: ${use().host}\r\nContent-Encoding: gzip\r\n` +
          `Content-Length: ${16 * MIB + 1}\r\n\r\n`,
      );
      expectError(await connection.reply(), "payload too large");
      connection.leave();
    });

    describe("that is not what it says", () => {
      const whole = gzipSync(Buffer.from("a message\n".repeat(5000)));
      const damaged = Buffer.from(whole);
      damaged[whole.length - 5]! ^= 1;
      let topic = "";
      beforeAll(async () => {
        topic = await use().newTopic();
      });

      it.each<[string, string, Buffer]>([
        ["not packed", GZIP, Buffer.from("a message")],
        ["of the other kind", GZIP, deflateSync("a message")],
        ["of the other kind", "deflate", gzipSync("a message")],
        ["without the head of zlib", "deflate", deflateRawSync("a message")],
        ["cut off", GZIP, whole.subarray(0, whole.length - 1)],
        ["cut off in its head", GZIP, whole.subarray(0, 5)],
        ["damaged", GZIP, damaged],
        ["followed by a text", GZIP, Buffer.concat([whole, Buffer.from("and more")])],
        ["followed by zeros", GZIP, Buffer.concat([whole, Buffer.alloc(8)])],
        ["followed by more than a piece", GZIP, Buffer.concat([whole, Buffer.alloc(60_000)])],
        ["followed by a text", "deflate", Buffer.concat([deflateSync("a message"), Buffer.from("x")])],
      ])("is refused, and stores nothing: %s (%s)", async (_case, encoding, body) => {
        for (const path of ["payload", "batch?format=lines", "batch?format=messages"]) {
          const reason = expectError(await send(`/${topic}/${path}`, body, encoding), "bad request");
          expect(reason).toMatch(/^the body is not (gzip|the zlib format).*Content-Encoding/);
        }
        expect((await use().get(`/${topic}`)).json).toMatchObject({ latest_offset: -1 });
        expect(expectError(await send(`/${use().freshName()}`, body, encoding), "bad request")).toContain(
          "Content-Encoding",
        );
      });
    });

    it.each(["br", "zstd", "compress", "gzip, gzip", "identity, gzip", "*", "gzip;q=1"])(
      "in %s is refused with what is possible, whether the topic is there or not",
      async (encoding) => {
        const topic = await use().newTopic();
        for (const path of [
          `/${topic}/payload`,
          "/nobody-made-this/payload",
          `/${topic}/stream`,
          `/${topic}`,
        ]) {
          const reply = await send(path, Buffer.from("x"), encoding);
          const reason = expectError(reply, "unsupported media type");
          for (const known of [GZIP, "deflate", "identity"]) expect(reason).toContain(known);
          expect(reply.headers["accept-encoding"]).toBe("gzip, deflate");
        }
        expect((await use().get(`/${topic}`)).json).toMatchObject({ latest_offset: -1 });
      },
    );

    it("that is empty is none", async () => {
      const headers = { "content-encoding": GZIP, "content-length": "0" };
      expect((await use().call("POST", `/${use().freshName()}`, { headers })).status).toBe(201);
      const topic = await use().newTopic();
      expectError(await use().call("POST", `/${topic}/payload`, { headers }), "bad request");
    });

    it("of a stream is committed while it arrives, and what came before it breaks is kept", async () => {
      const topic = await use().newTopic();
      const id = await use().newScanner(topic);
      const connection = await RawConnection.open(use().url);
      connection.send(
        `POST /${topic}/stream HTTP/1.1\r\nHost: ${use().host}\r\nContent-Encoding: gzip\r\n` +
          "Transfer-Encoding: chunked\r\n\r\n",
      );
      const packer = createGzip({ flush: constants.Z_SYNC_FLUSH });
      const chunk = (bytes: Buffer): void => {
        connection.send(`${bytes.length.toString(16)}\r\n`);
        connection.send(Buffer.concat([bytes, Buffer.from("\r\n")]));
      };
      packer.on("data", chunk);
      for (const text of ["one", "two"]) {
        packer.write(`${text}\n`);
        expect((await use().scan(topic, id, "30s")).text).toBe(text);
      }
      chunk(Buffer.alloc(1000, 0xff));
      const reply = await connection.reply();
      expect(JSON.parse(reply.text)).toMatchObject({
        status: 400,
        error: "netlog: bad request",
        offset: 0,
        count: 2,
      });
      connection.leave();
      expect(await use().publish(topic, "three")).toBe(2);
    });
  });
}
