import { describe, expect, it } from "vitest";
import { connectionForTest, serverForTest } from "./server-fixture.ts";

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
