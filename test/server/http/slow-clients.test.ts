import { describe, expect, it } from "vitest";
import { LIMITS } from "../../../server/index.ts";
import { expectError } from "../../contract/expect-error.ts";
import { RawConnection } from "../../contract/raw.ts";
import { within } from "../../support/deadline.ts";
import { connectionForTest, type ServerFixture, serverForTest } from "../server-fixture.ts";
import { post } from "./limit-checks.ts";

/** Until the server has taken up what was sent before. */
async function roundTrip({ api }: ServerFixture): Promise<void> {
  await api.get("/");
}

describe("a body that stops coming", () => {
  it("is given up, with 408, and stores nothing", async () => {
    const fixture = await serverForTest();
    const { api, runtime } = fixture;
    const topic = await api.newTopic();
    const connection = await connectionForTest(fixture);
    connection.send(post(`/${topic}/payload`, 10, "half"));
    await roundTrip(fixture);
    await runtime.advance(2 * LIMITS.bodyIdleMs);
    const reply = await connection.reply();
    expectError(reply, "request timeout");
    expect(reply.headers.connection).toBe("close");
    await runtime.advance(LIMITS.lingerMs);
    expect(await connection.closed()).toBe("");
    expect(await api.publish(topic, "next")).toBe(0);
  });

  it("is waited for as long as it brings something, however little", async () => {
    const fixture = await serverForTest();
    const { api, runtime } = fixture;
    const topic = await api.newTopic();
    const connection = await connectionForTest(fixture);
    connection.send(post(`/${topic}/payload`, 10, "0"));
    for (const piece of "12345678") {
      await roundTrip(fixture);
      await runtime.advance(LIMITS.bodyIdleMs * 0.9);
      connection.send(piece);
    }
    await roundTrip(fixture);
    connection.send("9");
    expect((await connection.reply()).status).toBe(201);
    expect((await api.get(`/${topic}/payload/0`)).text).toBe("0123456789");
  });

  it("that nobody wanted takes its connection with it", async () => {
    const fixture = await serverForTest();
    const connection = await connectionForTest(fixture);
    connection.send(post("/nobody-made-this/payload", 10, "half"));
    const reply = await connection.reply();
    expectError(reply, "topic not found");
    expect(reply.headers.connection).toBe("keep-alive");
    await fixture.runtime.advance(2 * LIMITS.bodyIdleMs);
    await connection.closed();
  });

  it("leaves no timer behind once all bodies are there", async () => {
    const { api, runtime } = await serverForTest();
    const topic = await api.newTopic();
    const before = runtime.timerCount;
    await api.post(`/${topic}/payload`, Buffer.alloc(300_000));
    await runtime.advance(2 * LIMITS.bodyIdleMs);
    expect(runtime.timerCount).toBeLessThanOrEqual(before);
  });
});

describe("headers that stop coming", () => {
  it("are given up, with 408", async () => {
    const fixture = await serverForTest({ limits: { headersMs: 40 } });
    const connection = await RawConnection.open(fixture.server.url);
    connection.send("GET / HTTP/1.1\r\nHost: local");
    const reply = await connection.reply();
    expectError(reply, "request timeout");
    expect(reply.headers.connection).toBe("close");
    expect(await connection.closed()).toBe("");
    connection.leave();
  });
});

describe("a client that goes on sending a body that was refused", () => {
  it("gets the answer, and is cut in the end", async () => {
    const fixture = await serverForTest({ limits: { payloadBytes: 1000, skippedBodyBytes: 100 } });
    const topic = await fixture.api.newTopic();
    const connection = await connectionForTest(fixture);
    connection.send(post(`/${topic}/payload`, 1_000_000, "x".repeat(5000)));
    expectError(await connection.reply(), "payload too large");
    connection.send("x".repeat(5000));
    await fixture.runtime.advance(LIMITS.lingerMs);
    expect(await connection.closed()).toBe("");
  });
});

describe("a client that goes on sending bytes that are no HTTP", () => {
  it("is heard out for a while after its answer, which an early end could take from it", async () => {
    const fixture = await serverForTest();
    const { runtime } = fixture;
    const before = runtime.timerCount;
    const connection = await connectionForTest(fixture);
    connection.send("HELLO\r\n\r\n");
    expectError(await connection.reply(), "bad request");
    expect(runtime.timerCount).toBe(before + 1);
    connection.send("HELLO\r\n\r\n");
    await roundTrip(fixture);
    expect(runtime.timerCount).toBe(before + 1);
    await runtime.advance(LIMITS.lingerMs);
    expect(await connection.closed()).toBe("");
    expect(runtime.timerCount).toBe(before);
  });
});

describe("a client that leaves", () => {
  it("leaves no scan waiting, and those behind another on its connection were not taken up", async () => {
    const fixture = await serverForTest();
    const { api, runtime, logger } = fixture;
    const topic = await api.newTopic();
    const [first, second] = [await api.newScanner(topic), await api.newScanner(topic)];
    const before = runtime.timerCount;
    const connection = await connectionForTest(fixture);
    for (const id of [first, second]) {
      connection.send(`GET /${topic}/scan?id=${id}&wait=1h HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    }
    await within(
      "the first to wait",
      until(() => runtime.timerCount === before + 1),
    );
    connection.leave();
    await within(
      "the first to be let go",
      until(() => runtime.timerCount === before),
    );
    await connection.closed();
    await roundTrip(fixture);
    const left = logger.lines.filter(({ fields }) => fields.status === "client left");
    expect(left).toHaveLength(1);
  });
});

/** Resolves when `holds` does, looked at once a turn of the event loop. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve));
}
