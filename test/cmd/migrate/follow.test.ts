import { mkdirSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { NetlogClient } from "../../../lib/client/index.ts";
import { FileStorage, Netlog, nodeDisk, nodeRuntime, silentLogger } from "../../../lib/index.ts";
import { LIMITS } from "../../../lib/limits.ts";
import { startServer } from "../../../server/index.ts";
import { within } from "../../support/deadline.ts";
import { startEngineServer } from "../../support/engine-server.ts";
import { freePort } from "../../support/free-port.ts";
import { hasNats, Nats } from "../../support/nats.ts";
import { type Ran, runCommand } from "../../support/run-command.ts";
import { isSoak } from "../../support/soak.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

/** 1 GiB that the old server has before its publishers begin. NATS takes each batch as one message, of less than 1 MiB. */
const PRELOADED_BATCHES = isSoak ? 2048 : 0;
const BATCH_MESSAGES = 512;

interface FolderServer {
  readonly url: string;
  readonly client: NetlogClient;
  stop(): Promise<void>;
}

async function serveFolder(folder: string): Promise<FolderServer> {
  const surroundings = { runtime: nodeRuntime, logger: silentLogger, limits: LIMITS };
  const openStorage = () => FileStorage.open({ ...surroundings, folder, disk: nodeDisk });
  const netlog = await Netlog.open({ ...surroundings, openStorage });
  const server = await startServer({ netlog, host: "127.0.0.1", port: 0, logger: silentLogger });
  let stopped: Promise<void> | undefined;
  const stop = () => (stopped ??= server.stop({ graceMs: 1000 }).then(() => netlog.close()));
  onTestFinished(stop);
  return { url: server.url, client: new NetlogClient(server.url), stop };
}

/** Publishers that send each message, with a key, until a server acknowledges it; the test changes the server. */
class Load {
  readonly acknowledged = new Map<number, string>();
  #isOver = false;
  #loops: Promise<void>[] = [];
  url: string;

  constructor(url: string, topic: string, publishers: number) {
    this.url = url;
    for (let number = 0; number < publishers; number++) this.#loops.push(this.#publish(topic, number));
  }

  async end(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#loops);
  }

  async #publish(topic: string, number: number): Promise<void> {
    for (let count = 0; !this.#isOver; count++) {
      const body = `${number}-${count}`;
      for (;;) {
        const headers = { "Idempotency-Key": `"${body}"` };
        const answer = await fetch(`${this.url}/${topic}/payload`, { method: "POST", body, headers }).catch(
          () => null,
        );
        const offset = Number(answer?.headers.get("x-offset"));
        await answer?.arrayBuffer().catch(() => {});
        if (answer?.ok === true) {
          this.acknowledged.set(offset, body);
          break;
        }
        await sleep(5);
      }
    }
  }
}

/** The command with --follow: `work` begins when it has printed `pattern`; then a signal stops it. */
async function followWhile(args: readonly string[], pattern: RegExp, work = async () => {}): Promise<Ran> {
  let printed = "";
  let hear: (() => void) | undefined;
  const onOutput = (text: string): void => {
    printed += text;
    if (pattern.test(printed)) hear?.();
  };
  const ran = runCommand([...args, "--follow"], { onOutput });
  const matched = new Promise<void>((resolve) => {
    hear = resolve;
  });
  await Promise.race([within(`netlog migrate prints ${pattern}`, matched), ran]);
  await work();
  process.emit("SIGINT");
  return await ran;
}

async function textsAt(client: NetlogClient, topic: string): Promise<string[]> {
  const texts: string[] = [];
  for (;;) {
    const { messages } = await client.topic(topic).readBatch({ from: texts.length, max: 10_000 });
    if (messages.length === 0) return texts;
    for (const message of messages) {
      expect(message.offset).toBe(texts.length);
      texts.push(message.text());
    }
  }
}

describe.skipIf(!hasNats)("netlog migrate --follow", () => {
  let nats: Nats;
  beforeAll(async () => {
    nats = await Nats.start();
  });
  afterAll(() => nats.remove());

  let prefixCount = 0;
  const flagsFor = (dir: string, prefix: string) => [
    "migrate",
    ...[
      "--dir",
      dir,
      "--engine",
      nats.url,
      "--engine-copies",
      "1",
      "--engine-unsafe",
      "--engine-prefix",
      prefix,
    ],
  ];
  const newPrefix = () => `f${++prefixCount}`;
  const status = (prefix: string) =>
    runCommand(["engine", "status", "--engine", nats.url, "--engine-prefix", prefix, "--json"]);

  it("moves topics under load to NATS and back: nothing lost, nothing twice, scanners where they were", async () => {
    const [dir, prefix] = [temporaryFolder(), newPrefix()];
    const flags = flagsFor(dir, prefix);
    const old = await serveFolder(dir);
    await old.client.createTopic("orders");
    await old.client.topic("orders").createScanner({ id: "p", persist: true, from: 0 });
    for (let count = 0; count < PRELOADED_BATCHES; count++) {
      await old.client
        .topic("orders")
        .publishBatch(
          Array.from({ length: BATCH_MESSAGES }, (_, index) => `pre ${count} ${index}`.padEnd(1024)),
        );
    }
    const load = new Load(old.url, "orders", 3);
    const engine = await startEngineServer(nats, { prefix });
    onTestFinished(() => engine.stop());
    const ahead = await followWhile([...flags, "--server", old.url, "--json"], /isCaughtUp/);
    expect(ahead).toMatchObject({ status: 0, err: "" });
    expect(ahead.out).toMatch(/^\{"isCaughtUp":true,"topicCount":1,"messageCount":\d+\}\n$/);
    await old.stop();
    load.url = engine.url;
    expect((await runCommand(flags)).out).toMatch(
      /^copied: orders: \d+ messages \(\d+ before\), 1 scanner\n$/,
    );
    const { size } = load.acknowledged;
    await expect.poll(() => load.acknowledged.size).toBeGreaterThan(size + 20);

    const back = `${temporaryFolder()}/data`;
    const backFlags = [...flagsFor(back, prefix), "--back"];
    await followWhile([...backFlags, "--server", engine.url], /ahead: 1 topic, \d+ messages; what comes/);
    expect((await runCommand(backFlags)).out).toMatch(
      /^copied: orders: \d+ messages \(\d+ before\), 1 scanner\n$/,
    );
    const refused = await fetch(`${engine.url}/orders/payload`, { method: "POST", body: "x" });
    expect([refused.status, await refused.text()]).toEqual([
      503,
      expect.stringContaining("has moved from NATS"),
    ]);
    const last = await serveFolder(back);
    load.url = last.url;
    const moved = load.acknowledged.size;
    await expect.poll(() => load.acknowledged.size).toBeGreaterThan(moved + 20);
    await load.end();
    const texts = await textsAt(last.client, "orders");
    expect(texts.length).toBeGreaterThanOrEqual(PRELOADED_BATCHES * BATCH_MESSAGES + load.acknowledged.size);
    expect(new Set(texts).size).toBe(texts.length);
    for (const [offset, text] of load.acknowledged) expect(texts[offset]).toBe(text);
    expect((await status(prefix)).out).toContain('"unserved":"moved"');
  });

  it("says what is wrong with server, folder, copies and flags, and goes on with the other topics", async () => {
    const [dir, prefix] = [temporaryFolder(), newPrefix()];
    const flags = flagsFor(dir, prefix);
    mkdirSync(`${dir}/failed/00000000000000000000.data`, { recursive: true });
    const old = await serveFolder(dir);
    for (const name of ["mine", "other"]) await old.client.createTopic(name);
    await old.client.topic("mine").publish("a");
    const follow = (...more: string[]) => runCommand([...flags, "--follow", ...more]);
    expect(await follow("--server", `http://127.0.0.1:${await freePort()}`)).toMatchObject({
      status: 4,
      err: expect.stringContaining("is the server running? --server"),
    });
    const unknown = await follow("--server", old.url, "unknown");
    expect([unknown.status, unknown.err]).toEqual([2, expect.stringContaining('has no topic "unknown"')]);
    expect(await follow("--discard")).toMatchObject({ status: 2 });

    const elsewhere = flagsFor(temporaryFolder(), prefix);
    const wrong = await followWhile([...elsewhere, "--server", old.url, "mine"], /ahead: 0 topics/);
    expect([wrong.status, wrong.err]).toEqual([
      1,
      expect.stringMatching(
        /^netlog: not copied: mine: the data folder .* does not have it: it is not this server's/,
      ),
    ]);

    const first = await followWhile([...flags, "--server", old.url], /ahead: 2 topics, 1 message;/);
    expect([first.status, first.err]).toEqual([
      1,
      expect.stringMatching(/^netlog: not copied: failed: .*unavailable.*\n$/),
    ]);
    await old.client.topic("mine").delete({ force: true });
    await old.client.createTopic("mine");
    const anew = await followWhile([...flags, "--server", old.url], /ahead: 1 topic,/, async () => {
      await old.client.topic("other").delete({ force: true });
      await expect.poll(async () => (await status(prefix)).out).not.toContain("other");
    });
    expect(anew.status).toBe(1);
    expect(anew.err).toMatch(
      /not copied: mine: an unfinished copy of another topic mine is there .* with --discard/,
    );
    expect(anew.err).toContain("other was deleted on the server; its copy is removed");
    await old.stop();

    expect(await runCommand(flags)).toMatchObject({
      status: 1,
      out: expect.stringMatching(/^not copied: failed: .*\nnot copied: mine: .*\n$/),
    });
    expect((await runCommand([...flags, "--discard", "unknown"])).status).toBe(2);
    expect((await runCommand([...flags, "--discard"])).out).toBe("discarded: mine\n");
    expect((await runCommand([...flags, "mine"])).out).toBe("copied: mine: 0 messages, 0 scanners\n");
  });

  it("says that NATS is full, or takes no messages as long as one of the topic's", async () => {
    const small = await Nats.start({ storeBytes: 4 * 2 ** 20, settings: "max_payload: 512KB" });
    onTestFinished(() => small.remove());
    const dir = temporaryFolder();
    const old = await serveFolder(dir);
    const topic = await old.client.createTopic("large");
    for (let count = 0; count < 6; count++) await topic.publish(Buffer.alloc(400_000, count));
    const long = await old.client.createTopic("long");
    await long.publish(Buffer.alloc(600_000));
    const flags = ["migrate", "--dir", dir, "--engine", small.url, "--engine-copies", "1", "--engine-unsafe"];
    const tooLong = await followWhile([...flags, "--server", old.url, "long"], /not copied: long/);
    expect(tooLong.err).toContain("the operator can raise max_payload");
    for (let count = 0; count < 9; count++) await topic.publish(Buffer.alloc(400_000, count));
    const full = await followWhile([...flags, "--server", old.url, "large"], /not copied: large/);
    expect([full.status, full.err]).toEqual([1, expect.stringContaining("NATS has no room")]);
    await old.stop();
    expect((await runCommand([...flags, "large"])).out).toMatch(/^not copied: large: NATS has no room/);
    expect((await runCommand([...flags, "--discard", "large"])).out).toBe("discarded: large\n");
    expect((await runCommand([...flags, "long"])).out).toMatch(
      /^not copied: long: .* can raise max_payload\n$/,
    );
  });
});
