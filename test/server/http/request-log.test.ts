import { describe, expect, it } from "vitest";
import { connectionForTest, serverForTest } from "../server-fixture.ts";

describe("the log", () => {
  it("has one line a request, at debug, without payloads", async () => {
    const { api, logger } = await serverForTest();
    const topic = await api.newTopic();
    logger.lines.length = 0;
    await api.publish(topic, "a secret payload");
    const id = await api.newScanner(topic);
    await api.scan(topic, id);
    await api.get("/nobody-made-this");
    await api.get("/%zz");
    const lines = logger.lines.filter(({ message }) => message === "request");
    expect(lines.map(({ level, fields }) => [level, fields.method, fields.url, fields.status])).toEqual([
      ["debug", "POST", `/${topic}/payload`, 201],
      ["debug", "POST", `/${topic}/scanner?from=0`, 201],
      ["debug", "GET", `/${topic}/scan?id=${id}`, 200],
      ["debug", "GET", "/nobody-made-this", 404],
      ["debug", "GET", "/%zz", 400],
    ]);
    expect(JSON.stringify(logger.lines)).not.toContain("secret");
    expect(logger.messages("error")).toEqual([]);
  });

  it("names each request, as its client does or by itself, and tells how long it took", async () => {
    const { api, logger } = await serverForTest();
    logger.lines.length = 0;
    const named = await api.get("/", { headers: { "x-request-id": "from-a-proxy:1.2" } });
    expect(named.headers["x-request-id"]).toBe("from-a-proxy:1.2");
    const others = [await api.get("/"), await api.get("/", { headers: { "x-request-id": "no name\t{}" } })];
    for (const reply of others) expect(reply.headers).not.toHaveProperty("x-request-id");
    const lines = logger.lines.filter(({ message }) => message === "request").map(({ fields }) => fields);
    expect(lines.map(({ id }) => id)).toEqual([
      "from-a-proxy:1.2",
      expect.stringMatching(/^[0-9a-f]{8}-1$/),
      expect.stringMatching(/^[0-9a-f]{8}-2$/),
    ]);
    for (const { elapsedMs, client } of lines) {
      expect({ elapsedMs, client }).toEqual({ elapsedMs: expect.any(Number), client: "127.0.0.1" });
    }
  });

  it("never holds a token", async () => {
    const fixture = await serverForTest();
    const token = "a-token-of-a-user";
    const { api, logger } = fixture;
    for (const authorization of [
      `Bearer ${token}`,
      `Basic ${Buffer.from(`x:${token}`).toString("base64")}`,
    ]) {
      await api.get("/", { headers: { authorization } });
      await api.get("/nobody-made-this", { headers: { authorization } });
    }
    const text = JSON.stringify(logger.lines);
    expect(text).not.toContain(token);
    expect(text).not.toContain(Buffer.from(token).toString("base64").slice(0, 12));
  });

  it("tells of a client that left, and of bytes that are no request, without calling them errors", async () => {
    const fixture = await serverForTest();
    const { api, logger } = fixture;
    const topic = await api.newTopic();
    const id = await api.newScanner(topic);
    const leaving = await connectionForTest(fixture);
    leaving.send(
      `GET / HTTP/1.1\r\nHost: localhost\r\n\r\nGET /${topic}/scan?id=${id}&wait=1h HTTP/1.1\r\nHost: localhost\r\n\r\n`,
    );
    await leaving.reply();
    await api.get("/");
    leaving.leave();
    await leaving.closed();
    const garbage = await connectionForTest(fixture);
    garbage.send("a secret that is no HTTP\r\n\r\n");
    await garbage.reply();
    expect(logger.lines.map(({ fields }) => fields.status)).toContain("client left");
    expect(logger.messages("debug")).toContain("malformed request");
    expect([...logger.messages("warn"), ...logger.messages("error")]).toEqual([]);
    expect(JSON.stringify(logger.lines)).not.toContain("secret");
  });
});
