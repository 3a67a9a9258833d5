/** What keeps a server from starting on a NATS, each in one line that says what to mend. */
import { createServer } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { silentLogger } from "../../../../lib/base/logger.ts";
import { limitsWithin } from "../../../../lib/jetstream/engine/message-limits.ts";
import { explainRefusal } from "../../../../lib/jetstream/engine/start-error.ts";
import { Engine, type EngineOptions, lookAtEngine } from "../../../../lib/jetstream/index.ts";
import { EngineConnection } from "../../../../lib/jetstream/nats/connection.ts";
import { JetStreamError, NoAnswer } from "../../../../lib/jetstream/nats/errors.ts";
import type { JetStreamApi } from "../../../../lib/jetstream/nats/jetstream-api.ts";
import { LIMITS } from "../../../../lib/limits.ts";
import { within } from "../../../support/deadline.ts";
import { engineOptions, startEngineServer } from "../../../support/engine-server.ts";
import { freePort } from "../../../support/free-port.ts";
import { hasNats, Nats } from "../../../support/nats.ts";
import { CONTEXT, connectTo, natsOfFile } from "../engine-fixture.ts";

test("nothing waits for JetStream where it is off, unless another server may have it", () => {
  const error = new NoAnswer("no_responders", "$JS.API.INFO");
  const nobody = explainRefusal(error, 3);
  expect(nobody?.message).toMatch(/^NATS runs without JetStream; /);
  expect(nobody?.mayPass).toBe(false);
  expect(explainRefusal(error, 3, true)?.mayPass).toBe(true);
  expect(explainRefusal(new NoAnswer("timeout", "$JS.API.INFO"), 3)?.mayPass).toBe(true);
});

test("what keeps most servers of NATS from serving JetStream is said", () => {
  const refused = new JetStreamError(10008, "JetStream system temporarily unavailable");
  expect(explainRefusal(refused, 3)?.message).toMatch(/too few servers of NATS .*disk is full/);
});

describe.skipIf(!hasNats)("a server does not start", () => {
  const nats = natsOfFile();

  async function refusal(given: Partial<EngineOptions>, on: Nats = nats.current): Promise<string> {
    const opened = Engine.open(engineOptions(on, given), { ...LIMITS, engineStartMs: 0 });
    const error = await opened.then(
      () => new Error("it started"),
      (thrown: Error) => thrown,
    );
    expect(error.name).toBe("EngineStartError");
    return error.message;
  }

  test("where no NATS is, or something else", async () => {
    const nobody = `nats://127.0.0.1:${await freePort()}`;
    expect(await refusal({ servers: [nobody] })).toMatch(/no connection .*ECONNREFUSED.*is it running/);
    const odd = createServer((socket) => socket.end("220 mail\r\n"));
    onTestFinished(() => void odd.close());
    await new Promise<void>((resolve) => odd.listen(0, "127.0.0.1", resolve));
    const { port } = odd.address() as { port: number };
    expect(await refusal({ servers: [`nats://127.0.0.1:${port}`] })).toMatch(/^NATS at nats:/);
  });

  test("with more copies than servers", async () => {
    expect(await refusal({ copies: 3 })).toMatch(/cannot keep 3 copies; .*--engine-copies 1/);
  });

  test("where messages are not synced, or nobody knows, unless that is wanted", async () => {
    expect(await refusal({ isUnsafe: false })).toMatch(/is not known; --engine-monitor/);
    const monitors = [nats.current.monitorUrl];
    expect(await refusal({ isUnsafe: false, monitors })).toMatch(
      /acknowledges messages before .*--engine-unsafe/,
    );
    const dead = [`http://127.0.0.1:${await freePort()}`];
    expect(await refusal({ isUnsafe: false, monitors: dead })).toMatch(/monitoring port .* does not answer/);
  });

  test("where a stream of another program takes its subjects", async () => {
    const api: JetStreamApi = await connectTo(nats.current);
    await api.createStream({ name: "THEIRS", subjects: ["taken.log.a"], copies: 1, description: "" });
    expect(await refusal({ prefix: "taken" })).toMatch(/stream THEIRS of another program .*--engine-prefix/);
    await api.createStream({ name: "ALL", subjects: ["whole.>"], copies: 1, description: "" });
    expect(await refusal({ prefix: "whole" })).toMatch(/stream of another program .*--engine-prefix/);
  });

  test("without the right credentials", async () => {
    const deaf = `{ user: deaf, password: d, permissions: { publish: ">", subscribe: "netlog.>" } }`;
    const mute = `{ user: mute, password: m, permissions: { publish: "netlog.>", subscribe: ">" } }`;
    const settings = `authorization { users: [{ user: a, password: right }, ${deaf}, ${mute}] }`;
    const guarded = await Nats.start({ settings });
    onTestFinished(() => guarded.remove());
    expect(await refusal({}, guarded)).toMatch(/refused the credentials/);
    const servers = guarded.servers.map(({ url }) => url.replace("//", "//a:wr@ng@"));
    const reason = await refusal({ servers }, guarded);
    expect(reason).toMatch(/refused the credentials/);
    expect(reason).not.toMatch(/wr|ng@/);
    // Those of a file count, whatever stands in the URLs.
    const engine = await Engine.open(engineOptions(guarded, { servers, credentials: "a:right\n" }), LIMITS);
    await (await engine.openStorage()).close();
    engine.end();
    expect(await refusal({ credentials: "a:wrong\n" }, guarded)).toMatch(/refused the credentials/);
    // A user that may not ask, or may not hear answers, is refused at once.
    const asked = { ...LIMITS, engineStartMs: 0, engineRequestMs: LIMITS.engineStartMs };
    const open = (credentials: string): Promise<unknown> =>
      Engine.open(engineOptions(guarded, { credentials }), asked);
    await expect(open("mute:m\n")).rejects.toThrow(/lacks permissions on \$JS\.API\.INFO; give it/);
    await expect(open("deaf:d\n")).rejects.toThrow(/lacks permissions on _INBOX\..*; give it/);
    // One that may not hear answers hears the rest.
    const deafAddress = { servers, credentials: "deaf:d\n", clientName: "deaf" };
    const connection = await EngineConnection.connect(deafAddress, CONTEXT);
    onTestFinished(() => connection.close());
    await connection.flush();
    const heard = new Promise((resolve) => connection.subscribe("netlog.a", resolve));
    connection.publish("netlog.a", "");
    await within("a message", heard);
  });
});

test("messages are as large as NATS takes them", () => {
  expect(limitsWithin(LIMITS, 2 ** 30, silentLogger)).toEqual(LIMITS);
  const within = limitsWithin(LIMITS, 2 ** 20, silentLogger);
  expect([within.payloadBytes, within.batchBytes]).toEqual([1_032_192, 1_032_192]);
  expect(within.engineMessageBytes).toBe(LIMITS.engineMessageBytes);
  expect(limitsWithin(LIMITS, 2 ** 17, silentLogger).engineMessageBytes).toBe(2 ** 17 - 16 * 1024);
  expect(() => limitsWithin(LIMITS, 50_000, silentLogger)).toThrow("set max_payload");
});

describe.skipIf(!hasNats)("netlog engine status", () => {
  const nats = natsOfFile();

  test("tells the owner of each topic, and whether it answers", async () => {
    const server = await startEngineServer(nats.current);
    const servers = nats.current.servers.map(({ url }) => url);
    const look = () => lookAtEngine({ servers, limits: LIMITS, logger: silentLogger });
    await server.netlog.createTopic("a.b");
    const stream = "NETLOG-a=b";
    const { topics } = await look();
    expect(topics).toMatchObject([
      { topic: "a.b", stream, owner: server.url, isOwnerAlive: true, copies: [] },
    ]);
    await server.stop();
    expect((await look()).topics).toMatchObject([{ topic: "a.b", owner: undefined, isOwnerAlive: false }]);
  });
});
