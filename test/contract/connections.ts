/** What goes on below requests: kept connections, pipelining, old clients, bytes that are no HTTP. */
import { describe, expect, it } from "vitest";
import type { UseApi } from "./contract.ts";
import { expectError } from "./expect-error.ts";
import { RawConnection, rawCall } from "./raw.ts";

export function connectionContract(use: UseApi): void {
  describe("a connection", () => {
    const open = (): Promise<RawConnection> => RawConnection.open(use().url);
    const get = (path: string, headers = ""): string =>
      `GET ${path} HTTP/1.1\r\nHost: ${use().host}\r\n${headers}\r\n`;
    const publish = (topic: string, payload: string, headers = ""): string =>
      `POST /${topic}/payload HTTP/1.1\r\nHost: ${use().host}\r\n${headers}Content-Length: ${payload.length}\r\n\r\n${payload}`;

    it("is kept for the next request, after errors too", async () => {
      const topic = await use().newTopic(["a"]);
      const connection = await open();
      for (const [path, status] of [
        [`/${topic}/payload/0`, 200],
        ["/nothing/at/all", 404],
        ["/%zz", 400],
        [`/${topic}/scan`, 404],
        [`/${topic}/payload/0`, 200],
      ] as const) {
        connection.send(get(path));
        expect((await connection.reply()).status).toBe(status);
      }
      connection.leave();
    });

    it("may bring requests before the answers to earlier ones, and gets its answers in order", async () => {
      const topic = await use().newTopic();
      const connection = await open();
      connection.send(
        ["a", "b", "c", "d"].map((payload) => publish(topic, payload)).join("") + get(`/${topic}/payload/2`),
      );
      for (const offset of ["0", "1", "2", "3"]) {
        expect((await connection.reply()).headers["x-offset"]).toBe(offset);
      }
      expect(await connection.reply()).toMatchObject({ status: 200, text: "c" });
      connection.leave();
    });

    it("may bring a request in single bytes", async () => {
      const topic = await use().newTopic();
      const connection = await open();
      for (const char of publish(topic, "slowly")) connection.send(char);
      expect((await connection.reply()).status).toBe(201);
      expect((await use().get(`/${topic}/payload/0`)).text).toBe("slowly");
      connection.leave();
    });

    it("is closed after the answer where the client says so, or speaks HTTP/1.0", async () => {
      const topic = await use().newTopic(["a"]);
      for (const request of [
        get(`/${topic}/payload/0`, "Connection: close\r\n"),
        `GET /${topic}/payload/0 HTTP/1.0\r\n\r\n`,
      ]) {
        const connection = await open();
        connection.send(request);
        expect(await connection.reply()).toMatchObject({ status: 200, text: "a" });
        expect(await connection.closed()).toBe("");
      }
    });

    it("does not bring a body in another coding than chunks, which would be stored as nobody meant it", async () => {
      const topic = await use().newTopic();
      for (const coding of ["gzip, chunked", "chunked, chunked"]) {
        const connection = await open();
        connection.send(
          `POST /${topic}/payload HTTP/1.1\r\nHost: ${use().host}\r\nTransfer-Encoding: ${coding}\r\n\r\n1\r\nx\r\n0\r\n\r\n`,
        );
        expectError(await connection.reply(), "bad request");
        connection.leave();
      }
      expectError(await use().get(`/${topic}/payload/0`), "end of topic");
    });

    it("that ends in the middle of a message stores nothing of it", async () => {
      const topic = await use().newTopic();
      for (const end of ["finish", "leave"] as const) {
        const connection = await open();
        connection.send(
          `POST /${topic}/payload HTTP/1.1\r\nHost: ${use().host}\r\nContent-Length: 10\r\n\r\nhalf`,
        );
        connection[end]();
        if (end === "finish") expectError(await connection.reply(), "bad request");
        await connection.closed();
      }
      const chunked = await open();
      chunked.send(
        `POST /${topic}/payload HTTP/1.1\r\nHost: ${use().host}\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n`,
      );
      chunked.finish();
      expectError(await chunked.reply(), "bad request");
      expect(await use().publish(topic, "next")).toBe(0);
    });

    it("that brings no HTTP gets an error, and is closed", async () => {
      for (const garbage of [
        "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        "HELLO\r\n\r\n",
        "GET / HTTP/9.9\r\n\r\n",
        "GET /\x01 HTTP/1.1\r\n\r\n",
      ]) {
        const connection = await open();
        connection.send(Buffer.from(garbage, "latin1"));
        const reply = await connection.reply();
        expectError(reply, "bad request");
        expect(reply.headers.connection).toBe("close");
        expect(await connection.closed()).toBe("");
      }
    });

    it("that says its body's length in two ways is refused", async () => {
      const topic = await use().newTopic();
      const head = `POST /${topic}/payload HTTP/1.1\r\nHost: ${use().host}\r\n`;
      for (const headers of [
        "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n",
        "Content-Length: 1\r\nContent-Length: 2\r\n",
        "Content-Length: -1\r\n",
        "Content-Length: 1x\r\n",
        "Transfer-Encoding: gzip\r\n",
      ]) {
        expectError(await rawCall(use().url, `${head}${headers}\r\n0\r\n\r\n`), "bad request");
      }
      expect((await use().get(`/${topic}`)).json).toMatchObject({ latest_offset: -1 });
    });

    it("that brings a malformed body hears what was refused before the body was looked at", async () => {
      const broken = "Transfer-Encoding: chunked\r\n\r\nno chunk\r\n";
      const put = `PUT /topic HTTP/1.1\r\nHost: ${use().host}\r\n${broken}`;
      expectError(await rawCall(use().url, put), "method not allowed");
      const foreign = `POST /topic/payload HTTP/1.1\r\nHost: ${use().host}\r\nOrigin: http://foreign.example\r\n${broken}`;
      expectError(await rawCall(use().url, foreign), "forbidden");
      const long = "Content-Length: 99999999\r\nTransfer-Encoding: gzip\r\n\r\nx";
      const refused = `POST /topic/payload HTTP/1.1\r\nHost: ${use().host}\r\n${long}`;
      expectError(await rawCall(use().url, refused), "bad request");
    });

    it("with headers over the limit gets an error, and is closed", async () => {
      const connection = await open();
      connection.send(get("/", `X-Long: ${"x".repeat(20_000)}\r\n`));
      const reply = await connection.reply();
      expectError(reply, "headers too large");
      expect(reply.headers.connection).toBe("close");
      expect(await connection.closed()).toBe("");
      expectError(await rawCall(use().url, get(`/${"x".repeat(20_000)}`)), "headers too large");
    });

    it("may ask for an upgrade, and is answered as if it had not", async () => {
      const topic = await use().newTopic(["a"]);
      const upgrade = "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n";
      expect((await rawCall(use().url, get(`/${topic}/payload/0`, upgrade))).text).toBe("a");
    });

    it("that asks for a tunnel gets an error behind earlier answers, and may break off as it likes", async () => {
      const topic = await use().newTopic();
      const tunnel = `CONNECT example.org:443 HTTP/1.1\r\nHost: ${use().host}\r\n\r\n`;
      for (const before of ["", publish(topic, "a"), publish(topic, "b") + publish(topic, "c")]) {
        const connection = await open();
        connection.send(before + tunnel);
        for (const _request of before.match(/POST/g) ?? []) {
          expect((await connection.reply()).status).toBe(201);
        }
        expectError(await connection.reply(), "bad request");
        connection.leave("reset");
        await connection.closed();
      }
      expect((await use().get(`/${topic}`)).json).toMatchObject({ latest_offset: 2 });
    });

    it("may carry a body that nobody asked for", async () => {
      const topic = await use().newTopic(["a"]);
      const connection = await open();
      for (const method of ["GET", "DELETE"]) {
        const body = "GET /smuggled HTTP/1.1\r\n\r\n";
        connection.send(
          `${method} /${topic}/scanner/none HTTP/1.1\r\nHost: ${use().host}\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
        );
        expectError(await connection.reply(), "not found");
        connection.send(get(`/${topic}/payload/0`));
        expect(await connection.reply()).toMatchObject({ status: 200, text: "a" });
      }
      connection.leave();
    });
  });
}
