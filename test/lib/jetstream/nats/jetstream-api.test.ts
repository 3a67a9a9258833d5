/** What the logs on NATS rely on, tried on a real server. */
import { describe, expect, test, vi } from "vitest";
import { isJetStreamError, NoAnswer } from "../../../../lib/jetstream/nats/errors.ts";
import type { JetStreamApi } from "../../../../lib/jetstream/nats/jetstream-api.ts";
import { PullConsumer } from "../../../../lib/jetstream/nats/pull-consumer.ts";
import { readStream } from "../../../../lib/jetstream/nats/read-stream.ts";
import { LIMITS } from "../../../../lib/limits.ts";
import { within } from "../../../support/deadline.ts";
import { hasNats } from "../../../support/nats.ts";
import { connectTo, natsOfFile } from "../engine-fixture.ts";

let lastStream = 0;

async function newStream(api: JetStreamApi): Promise<{ stream: string; subject: string; other: string }> {
  const number = ++lastStream;
  const [stream, subject, other] = [`S${number}`, `s.log.${number}`, `s.own.${number}`];
  await api.createStream({ name: stream, subjects: [subject, other], copies: 1, description: "a" });
  return { stream, subject, other };
}

const bytes = (text: string): Buffer => Buffer.from(text);

describe.skipIf(!hasNats)("JetStream", () => {
  const nats = natsOfFile();

  test("stores a message only behind the one that it expects, and none counts as 0", async () => {
    const api = await connectTo(nats.current);
    const { stream, subject } = await newStream(api);
    expect(await api.publish(subject, bytes("a"), { stream, lastSequence: 0 })).toBe(1);
    for (const lastSequence of [0, 2]) {
      const refused = api.publish(subject, bytes("b"), { stream, lastSequence });
      await expect(refused).rejects.toSatisfy((error) => isJetStreamError(error, "wrongLastSequence"));
    }
    expect(await api.publish(subject, bytes("b"), { stream, lastSequence: 1 })).toBe(2);
    const misled = api.publish(subject, bytes("c"), { stream: "OTHER" });
    await expect(misled).rejects.toSatisfy((error) => isJetStreamError(error, "streamMismatch"));
  });

  test("refuses all that follows in the pipe behind one that it refused", async () => {
    const api = await connectTo(nats.current);
    const { stream, subject } = await newStream(api);
    const sent = [5, 6, 7].map((lastSequence) => api.publish(subject, bytes("a"), { stream, lastSequence }));
    for (const { status } of await Promise.allSettled(sent)) expect(status).toBe("rejected");
    expect((await api.streamInfo(stream))?.state.last_seq).toBe(0);
  });

  test("gives messages by sequence, by the next of a subject, and the newest", async () => {
    const api = await connectTo(nats.current);
    const { stream, subject, other } = await newStream(api);
    await api.publish(subject, bytes("a"), { stream });
    await api.publish(other, bytes("b"), { stream });
    await api.publish(subject, Buffer.from([0, 255, 10]), { stream });
    for (const get of [api.leadersMessage, api.anyCopysMessage, api.message]) {
      const ask = get.bind(api, stream);
      expect(await ask({ sequence: 2 })).toEqual({ sequence: 2, subject: other, data: bytes("b") });
      expect(await ask({ sequence: 2, nextOf: subject })).toMatchObject({
        sequence: 3,
        data: Buffer.from([0, 255, 10]),
      });
      expect(await ask({ lastOf: subject })).toMatchObject({ sequence: 3 });
      expect(await ask({ sequence: 4 })).toBeUndefined();
    }
  });

  test("keeps the last sequence when all is purged", async () => {
    const api = await connectTo(nats.current);
    const { stream, subject, other } = await newStream(api);
    for (const to of [subject, other, subject]) await api.publish(to, bytes("a"), { stream });
    expect(await api.purge(stream, { belowSequence: 2 })).toBe(1);
    expect((await api.streamInfo(stream))?.state).toMatchObject({ messages: 2, first_seq: 2, last_seq: 3 });
    expect(await api.purge(stream, { subject })).toBe(1);
    expect(await api.purge(stream, {})).toBe(1);
    expect((await api.streamInfo(stream))?.state).toMatchObject({ messages: 0, last_seq: 3 });
  });

  test("makes a stream once, lists it, and removes it", async () => {
    const api = await connectTo(nats.current);
    const made = { name: "MADE", subjects: ["made.log.a=b"], copies: 1, description: "id 1" };
    expect((await api.createStream(made)).isNew).toBe(true);
    expect((await api.createStream(made)).info.config.description).toBe("id 1");
    const other = api.createStream({ ...made, description: "id 2" });
    await expect(other).rejects.toSatisfy((error) => isJetStreamError(error, "streamNameExists"));
    const { config } = (await api.streamInfo("MADE"))!;
    await api.updateStream({ ...config, description: "id 3" });
    expect((await api.streamInfo("MADE"))?.config.description).toBe("id 3");
    expect(await api.streamNames("made.log.*")).toEqual(["MADE"]);
    expect(await api.deleteStream("MADE")).toBe(true);
    expect(await api.deleteStream("MADE")).toBe(false);
    expect(await api.streamInfo("MADE")).toBeUndefined();
    expect(await api.streamNames("made.log.*")).toEqual([]);
  });

  test("hands many messages to a consumer at once", async () => {
    const api = await connectTo(nats.current);
    const { stream, subject, other } = await newStream(api);
    for (let i = 0; i < 300; i++) await api.publish(i % 3 === 0 ? other : subject, bytes(`${i}`), { stream });
    const all = await PullConsumer.create(api, LIMITS, { stream, fromSequence: 11 });
    const first = await all.fetch({ maxMessages: 200, maxBytes: 100_000 });
    expect(first.map(({ sequence }) => sequence)).toEqual(Array.from({ length: 200 }, (_, i) => 11 + i));
    expect(first[0]).toEqual({ sequence: 11, subject, data: bytes("10") });
    const few = await all.fetch({ maxMessages: 50, maxBytes: 1000 });
    expect(few.length).toBeGreaterThan(1);
    expect(few.length).toBeLessThan(50);
    const bounds = { maxMessages: 200, maxBytes: 100_000, timeoutMs: 200 };
    expect((await all.fetch(bounds)).at(-1)).toMatchObject({ sequence: 300 });
    await all.delete();
    await expect(all.fetch({ ...bounds, timeoutMs: 100 })).rejects.toBeInstanceOf(NoAnswer);
    const some = await PullConsumer.create(api, LIMITS, { stream, fromSequence: 1, subject: other });
    const others = await some.fetch({ maxMessages: 100, maxBytes: 100_000 });
    expect(others.map(({ sequence }) => sequence)).toEqual(Array.from({ length: 100 }, (_, i) => 3 * i + 1));
  });

  test("reads a stream whole though the network stands still for a moment", async () => {
    const api = await connectTo(nats.current);
    const { connection } = api;
    const { stream, subject } = await newStream(api);
    for (let i = 0; i < 40; i++) await api.publish(subject, bytes(`${i}`), { stream });
    const subscribe = connection.subscribe.bind(connection);
    vi.spyOn(connection, "subscribe").mockImplementationOnce((inbox, receive) => {
      let count = 0;
      let isOver = false;
      const end = subscribe(inbox, (message) => {
        count += 1;
        if (count <= 10) receive(message);
        else setTimeout(() => isOver || receive(message), 600);
      });
      return () => {
        isOver = true;
        end();
      };
    });
    const sequences: number[] = [];
    const all = { api, limits: { ...LIMITS, engineAckMs: 200 }, stream, lastSequence: 40 };
    for await (const { sequence } of readStream(all)) sequences.push(sequence);
    expect(sequences).toEqual(Array.from({ length: 40 }, (_, i) => i + 1));
  });

  test("tells that nobody serves a subject, and that no answer came", async () => {
    const { connection } = await connectTo(nats.current);
    await expect(connection.request("nobody", "")).rejects.toMatchObject({ kind: "no_responders" });
    const end = connection.subscribe("silent", () => {});
    await connection.flush();
    await expect(connection.request("silent", "", { timeoutMs: 20 })).rejects.toMatchObject({
      kind: "timeout",
    });
    end();
    await connection.close();
    await expect(connection.request("silent", "")).rejects.toMatchObject({ kind: "closed" });
  });

  test("fails what waits when the connection breaks, and serves again when NATS is back", async () => {
    const api = await connectTo(nats.current);
    const { connection } = api;
    const { stream, subject } = await newStream(api);
    await api.publish(subject, bytes("a"), { stream });
    connection.subscribe("silent", () => {});
    await connection.flush();
    const [server] = nats.current.servers;
    const lost = new Promise<void>((resolve) => connection.onLost(resolve));
    const back = new Promise<void>((resolve) => connection.onBack(resolve));
    const waiting = expect(connection.request("silent", "")).rejects.toMatchObject({ kind: "disconnected" });
    await server!.kill();
    await within("the connection to be lost", lost);
    await waiting;
    expect(connection.isConnected).toBe(false);
    await expect(connection.request("silent", "")).rejects.toMatchObject({ kind: "not_connected" });
    await server!.restart();
    await within("the connection to be back", back);
    expect(await api.publish(subject, bytes("b"), { stream, lastSequence: 1 })).toBe(2);
  });
});
