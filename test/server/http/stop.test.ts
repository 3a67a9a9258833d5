import { describe, expect, it } from "vitest";
import { Api } from "../../contract/api.ts";
import { expectError } from "../../contract/expect-error.ts";
import { RawConnection } from "../../contract/raw.ts";
import { within } from "../../support/deadline.ts";
import { HAS_IPV6_LOOPBACK } from "../../support/ipv6-loopback.ts";
import { connectionForTest, type ServerFixture, serverForTest } from "../server-fixture.ts";

function get(path: string): string {
  return `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`;
}

/** Idle connections are closed after a moment, for a request may be on its way. */
async function sweptAndEnded({ runtime }: ServerFixture, stopped: Promise<void>): Promise<void> {
  await runtime.advance(100);
  await within("the server's end", stopped);
}

describe("stopping the server", () => {
  it("answers scans that wait, and closes their connections", async () => {
    const fixture = await serverForTest();
    const { api, server } = fixture;
    const topic = await api.newTopic();
    const connection = await connectionForTest(fixture);
    connection.send(get("/") + get(`/${topic}/scan?id=${await api.newScanner(topic)}&wait=1h`));
    await connection.reply();
    await api.get("/");
    const stopped = server.stop();
    const reply = await connection.reply();
    expectError(reply, "shutting down");
    expect(reply.headers).toMatchObject({
      "retry-after": expect.stringMatching(/^\d+$/),
      connection: "close",
    });
    await sweptAndEnded(fixture, stopped);
  });

  it("finishes what came before, and takes no new connections", async () => {
    const fixture = await serverForTest();
    const { api, server, netlog } = fixture;
    const topic = await api.newTopic();
    const connection = await connectionForTest(fixture);
    connection.send(`POST /${topic}/payload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\nha`);
    await api.get("/");
    const stopped = server.stop();
    await expect(RawConnection.open(server.url)).rejects.toThrow();
    connection.send("lf");
    expect(await connection.reply()).toMatchObject({ status: 201, headers: { connection: "close" } });
    await sweptAndEnded(fixture, stopped);
    expect((await netlog.topic(topic).message(0)).payload.toString()).toBe("half");
  });

  it("closes connections without a request: new, kept, and those that become so meanwhile", async () => {
    const fixture = await serverForTest();
    const { api, server, runtime } = fixture;
    const unused = await connectionForTest(fixture);
    const kept = await connectionForTest(fixture);
    kept.send(get("/"));
    await kept.reply();
    await api.get("/");
    const stopped = server.stop();
    await runtime.advance(100);
    expect(await kept.closed()).toBe("");
    await within("the server's end", stopped);
    expect(await unused.closed()).toBe("");
  });

  it("cuts what is not finished when the grace is over", async () => {
    const fixture = await serverForTest();
    const { api, server, runtime } = fixture;
    const topic = await api.newTopic();
    const connection = await connectionForTest(fixture);
    connection.send(`POST /${topic}/payload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\nha`);
    await api.get("/");
    let isStopped = false;
    const stopped = server.stop({ graceMs: 1000 }).then(() => {
      isStopped = true;
    });
    await runtime.advance(999);
    expect(isStopped).toBe(false);
    await runtime.advance(1);
    await sweptAndEnded(fixture, stopped);
    expect(await connection.closed()).toBe("");
  });

  it("may be asked for twice", async () => {
    const { server } = await serverForTest();
    await within("both", Promise.all([server.stop(), server.stop()]));
    await within("once more", server.stop());
  });
});

describe("starting the server", () => {
  it("tells where it listens", async () => {
    const { server } = await serverForTest();
    expect(server).toMatchObject({ host: "127.0.0.1", url: `http://127.0.0.1:${server.port}` });
    expect(server.port).toBeGreaterThan(0);
  });

  it("writes an IPv6 address as URLs do", async (context) => {
    if (!HAS_IPV6_LOOPBACK) context.skip("there is no IPv6 on loopback");
    const { server } = await serverForTest({ server: { host: "::1" } });
    expect(server.url).toBe(`http://[::1]:${server.port}`);
    const api = new Api(server.url);
    expect((await api.get("/")).status).toBe(200);
    await api.close();
  });

  it("fails with Node's error where it cannot listen", async () => {
    const { server } = await serverForTest();
    await expect(serverForTest({ server: { port: server.port } })).rejects.toMatchObject({
      code: "EADDRINUSE",
    });
  });
});

describe("a request that comes while the server stops, on a connection that was there", () => {
  it("is answered", async () => {
    const fixture = await serverForTest();
    const topic = await fixture.api.newTopic();
    const connection = await connectionForTest(fixture);
    await fixture.api.get("/");
    const stopped = fixture.server.stop();
    connection.send(`POST /${topic}/payload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\nx`);
    expect(await connection.reply()).toMatchObject({ status: 201, headers: { connection: "close" } });
    await sweptAndEnded(fixture, stopped);
  });
});
