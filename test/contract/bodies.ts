/** Bodies on their way in: sizes, Expect: 100-continue, bodies that are refused before they came. */
import { Readable } from "node:stream";
import { describe, expect, it } from "vitest";
import type { UseApi } from "./contract.ts";
import { expectError } from "./expect-error.ts";
import { RawConnection } from "./raw.ts";

const MIB = 1024 * 1024;
const PAYLOAD_LIMIT = 16 * MIB;

export function bodyContract(use: UseApi): void {
  describe("bodies", () => {
    const post = (path: string, headers: string): string =>
      `POST ${path} HTTP/1.1\r\nHost: ${use().host}\r\n${headers}\r\n`;

    it("of 16 MiB are one message, and come back to the byte", async () => {
      const topic = await use().newTopic();
      const payload = Buffer.alloc(PAYLOAD_LIMIT, "0123456789abcdef\n");
      expect((await use().post(`/${topic}/payload`, payload)).status).toBe(201);
      const reply = await use().get(`/${topic}/payload/0`);
      expect(reply.body.equals(payload)).toBe(true);
    });

    it("that say that they are larger are refused before they come, and the connection closed", async () => {
      const topic = await use().newTopic();
      const connection = await RawConnection.open(use().url);
      connection.send(post(`/${topic}/payload`, `Content-Length: ${PAYLOAD_LIMIT + 1}\r\n`));
      const reply = await connection.reply();
      expect(expectError(reply, "payload too large")).toContain(String(PAYLOAD_LIMIT));
      expect(reply.headers.connection).toBe("close");
      await connection.closed();
    });

    it("that say an absurd length are refused as well", async () => {
      const topic = await use().newTopic();
      const connection = await RawConnection.open(use().url);
      connection.send(post(`/${topic}/payload`, "Content-Length: 9007199254740993\r\n"));
      expectError(await connection.reply(), "payload too large");
      connection.leave();
    });

    it("that are larger without saying so are cut off there, and store nothing", async () => {
      const topic = await use().newTopic();
      const connection = await RawConnection.open(use().url);
      connection.send(post(`/${topic}/payload`, "Transfer-Encoding: chunked\r\n"));
      const piece = Buffer.alloc(MIB, 120);
      for (let i = 0; i < 17; i++) {
        connection.send(`${piece.length.toString(16)}\r\n`);
        connection.send(piece);
        connection.send("\r\n");
      }
      const reply = await connection.reply();
      expectError(reply, "payload too large");
      expect(reply.headers.connection).toBe("close");
      connection.leave();
      expect(await use().publish(topic, "next")).toBe(0);
    });

    it("that are larger are refused where the client sends them all the same", async () => {
      const topic = await use().newTopic();
      const connection = await RawConnection.open(use().url);
      connection.send(post(`/${topic}/payload`, `Content-Length: ${PAYLOAD_LIMIT + MIB}\r\n`));
      connection.send(Buffer.alloc(PAYLOAD_LIMIT + MIB));
      expectError(await connection.reply(), "payload too large");
      expect(await connection.closed()).toBe("");
    });

    it("come in pieces of any size, with their length or without", async () => {
      const topic = await use().newTopic();
      const pieces = ["a", "", "bc", "d".repeat(100_000), "\0\r\n\r\n", "e"].map((text) => Buffer.from(text));
      const whole = Buffer.concat(pieces);
      await use().post(`/${topic}/payload`, Readable.from(pieces));
      const headers = { "content-length": String(whole.length) };
      await use().post(`/${topic}/payload`, Readable.from(pieces), { headers });
      for (const offset of [0, 1]) {
        expect((await use().get(`/${topic}/payload/${offset}`)).body.equals(whole)).toBe(true);
      }
    });

    it("of settings are at most 64 KiB", async () => {
      const name = use().freshName();
      const padding = " ".repeat(64 * 1024);
      expectError(await use().post(`/${name}`, `{${padding}}`), "payload too large");
      expectError(await use().post(`/${name}`, Readable.from([`{${padding}`, "}"])), "payload too large");
      expect((await use().post(`/${name}`, `{${padding.slice(2)}}`)).status).toBe(201);
    });

    it("are waited for with 100 Continue only where they are wanted", async () => {
      const topic = await use().newTopic();
      const expecting = "Expect: 100-continue\r\n";
      const wanted = await RawConnection.open(use().url);
      wanted.send(post(`/${topic}/payload`, `${expecting}Content-Length: 5\r\n`));
      expect((await wanted.reply()).status).toBe(100);
      wanted.send("hello");
      expect((await wanted.reply()).status).toBe(201);
      wanted.leave();
      for (const [path, length, error] of [
        ["/nobody-made-this/payload", 5, "topic not found"],
        [`/${topic}/payload`, PAYLOAD_LIMIT + 1, "payload too large"],
        [`/${topic}/payload?durability=zz`, 5, "bad request"],
        [`/${topic}/nothing`, 5, "not found"],
      ] as const) {
        const connection = await RawConnection.open(use().url);
        connection.send(post(path, `${expecting}Content-Length: ${length}\r\n`));
        const reply = await connection.reply();
        expectError(reply, error);
        expect(reply.headers.connection).toBe("close");
        connection.leave();
      }
    });

    it.each([
      ["POST", "/:topic/scanner", "its parameters (id, from, persist,"],
      ["DELETE", "/:topic/scanner?id=:id", "its parameters (id)"],
      ["GET", "/:topic/scan?id=:id", "its parameters (id, wait, max, format)"],
      ["POST", "/:topic/scan?id=:id", "its parameters (id, wait, max, format)"],
      ["POST", "/:topic/seek?id=:id&to=end", "its parameters (id, to)"],
      ["GET", "/:topic/sync", "send none"],
      ["POST", "/:topic/sync", "send none"],
      ["DELETE", "/:topic?force=1", "its parameters (force)"],
      ["GET", "/:topic", "send none"],
      ["GET", "/:topic/payload/0", "send none"],
      ["GET", "/:topic/batch", "its parameters (from,"],
      ["GET", "/:topic/stream", "its parameters (from,"],
      ["GET", "/:topic/check", "its parameters (from)"],
      ["GET", "/", "send none"],
      ["GET", "/-/health", "send none"],
    ] as const)("are refused where none is taken: %s %s", async (method, path, told) => {
      const topic = await use().newTopic(["a"]);
      const id = await use().newScanner(topic);
      const target = path.replace(":topic", topic).replace(":id", id);
      for (const body of ["id=mine&from=2", Readable.from(["x"])]) {
        const reason = expectError(await use().call(method, target, { body }), "bad request");
        expect(reason).toContain(
          `${method} ${path.replace(/\?.*/, "").replace("/0", "/:offset")} takes no body`,
        );
        expect(reason).toContain(told);
        expect(reason).not.toContain("mine");
      }
      expect((await use().scan(topic, id)).text).toBe("a");
    });

    it("may be empty where none is taken, with a length or without", async () => {
      const topic = await use().newTopic(["a"]);
      const connection = await RawConnection.open(use().url);
      connection.send(post(`/${topic}/scanner?id=s`, "Content-Length: 0\r\n"));
      expect((await connection.reply()).status).toBe(201);
      connection.send(post(`/${topic}/scan?id=s`, "Transfer-Encoding: chunked\r\n"));
      connection.send("0\r\n\r\n");
      expect((await connection.reply()).text).toBe("a");
      connection.send(post(`/${topic}/sync`, ""));
      expect((await connection.reply()).status).toBe(200);
      connection.leave();
    });

    it("that come with a request that failed do not become the next request", async () => {
      const { host } = use();
      const smuggled = `GET /smuggled HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
      const connection = await RawConnection.open(use().url);
      connection.send(post("/nobody-made-this/payload", `Content-Length: ${smuggled.length}\r\n`));
      expectError(await connection.reply(), "topic not found");
      connection.send(smuggled);
      connection.send(`GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
      expect((await connection.reply()).status).toBe(200);
      connection.leave();
    });

    it("of unknown length that come with a request that failed end the connection", async () => {
      const connection = await RawConnection.open(use().url);
      connection.send(post("/nobody-made-this/payload", "Transfer-Encoding: chunked\r\n"));
      const reply = await connection.reply();
      expectError(reply, "topic not found");
      expect(reply.headers.connection).toBe("close");
      connection.send("5\r\nhello\r\n0\r\n\r\n");
      expect(await connection.closed()).toBe("");
    });
  });
}
