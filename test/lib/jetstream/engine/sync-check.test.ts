/** Whether NATS syncs what it acknowledges: who says so, what counts when some do not answer, and what changes later. */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { silentLogger } from "../../../../lib/base/logger.ts";
import {
  type Monitor,
  type MonitorAnswers,
  portMonitor,
  type Varz,
} from "../../../../lib/jetstream/engine/monitors.ts";
import { SyncCheck } from "../../../../lib/jetstream/engine/sync-check.ts";
import { Engine, type EngineOptions } from "../../../../lib/jetstream/index.ts";
import { LIMITS } from "../../../../lib/limits.ts";
import { within } from "../../../support/deadline.ts";
import { engineOptions, startEngineServer } from "../../../support/engine-server.ts";
import { ManualRuntime } from "../../../support/manual-runtime.ts";
import { natsSyncsAlways } from "../../../support/nats.ts";
import { natsOfFile } from "../engine-fixture.ts";

type Replicas = NonNullable<NonNullable<NonNullable<Varz["jetstream"]>["meta"]>["replicas"]>;

function server(name: string, isSynced = true, replicas?: Replicas): Varz {
  const config = isSynced ? { sync_always: true } : {};
  const meta = { cluster_size: 3, ...(replicas === undefined ? {} : { replicas }) };
  return { server_name: name, version: "2.10.27", jetstream: { config, meta } };
}

const ALL = [server("a"), server("b"), server("c")];

describe("whether NATS syncs", () => {
  const runtime = new ManualRuntime();

  /** Its monitor says what `answers` holds at that time. */
  async function begin(answers: { now: MonitorAnswers }, isUnsafe = false): Promise<SyncCheck> {
    const monitor: Monitor = { ask: async () => answers.now, close: async () => {} };
    const check = await SyncCheck.begin({ monitor, isUnsafe, runtime, logger: silentLogger, limits: LIMITS });
    onTestFinished(() => check.end());
    return check;
  }

  function said(servers: readonly Varz[], missing?: string): { now: MonitorAnswers } {
    return { now: { servers, missing } };
  }

  test("has to be said by every server of the cluster", async () => {
    expect((await begin(said(ALL))).isSynced).toBe(true);
    await expect(begin(said([server("a"), server("b")]))).rejects.toThrow("2 of the 3 servers");
    await expect(begin(said([server("a"), server("a"), server("b")]))).rejects.toThrow("2 of the 3");
    await expect(begin(said([], "the port x does not answer"))).rejects.toThrow("the port x");
    await expect(begin(said([...ALL.slice(1), server("a", false)]))).rejects.toThrow(
      /NATS server a \(2\.10\.27\) acknowledges messages before .*--engine-unsafe/,
    );
    // One without JetStream keeps nothing.
    const without: Varz = { server_name: "d", version: "2.10.27" };
    expect((await begin(said([...ALL, without]))).isSynced).toBe(true);
    await expect(begin(said([server("a"), server("b"), without]))).rejects.toThrow("2 of the 3");
  });

  test("need not be said by a server that the leader does not hear", async () => {
    const leader = (c: Replicas[number]): Varz =>
      server("a", true, [
        { name: "b", active: 10 },
        { name: "c", ...c },
      ]);
    const with2 = (c: Replicas[number]) => begin(said([leader(c), server("b")]));
    expect((await with2({ active: 5e9 })).isSynced).toBe(true);
    expect((await with2({ active: 10, offline: true })).isSynced).toBe(true);
    // Heard two seconds ago, so it may only be late.
    await expect(with2({ active: 2e9 })).rejects.toThrow("2 of the 3");
    // One that is not heard, and answers, counts once.
    await expect(begin(said([server("a", true, [{ name: "b", active: 9e9 }]), server("b")]))).rejects.toThrow(
      "2 of the 3",
    );
  });

  test("is asked again", async () => {
    const answers = said(ALL);
    const check = await begin(answers);
    const later = async (servers: readonly Varz[]): Promise<void> => {
      answers.now = { servers, missing: undefined };
      await runtime.advance(LIMITS.engineSyncCheckMs);
      await new Promise((resolve) => setImmediate(resolve));
    };
    await later([...ALL.slice(1), server("a", false)]);
    expect(check.isSynced).toBe(false);
    expect(check.trouble).toMatch("NATS server a");
    // Not known is no reason to be taken out of service.
    await later([]);
    expect([check.isSynced, check.trouble]).toEqual([false, undefined]);
    await later(ALL);
    expect([check.isSynced, check.trouble]).toEqual([true, undefined]);
  });

  test("may be of no matter to the operator", async () => {
    const check = await begin(said([server("a", false)]), true);
    expect([check.isSynced, check.trouble]).toEqual([false, undefined]);
  });
});

const ACCOUNTS = `
accounts {
  SYS { users: [{ user: sys, password: secret }] }
  LOG { jetstream: enabled, users: [{ user: log, password: secret }] }
}
system_account: SYS`;

describe.skipIf(!natsSyncsAlways)("three servers of NATS", () => {
  const nats = natsOfFile({ servers: 3, syncsAlways: true, settings: ACCOUNTS, credentials: "log:secret" });

  function options(given: Partial<EngineOptions>): EngineOptions {
    const servers = nats.current.servers.map(({ url }) => url.replace("//", "//log:secret@"));
    return engineOptions(nats.current, { servers, isUnsafe: false, ...given });
  }

  async function refusal(given: Partial<EngineOptions>): Promise<string> {
    const error = await Engine.open(options(given), { ...LIMITS, engineStartMs: 0 }).then(
      () => new Error("it started"),
      (thrown: Error) => thrown,
    );
    return error.message;
  }

  test("are all asked, by either way, and again when one comes back", async () => {
    const [, , third] = nats.current.servers;
    const monitors = nats.current.servers.map(({ monitorUrl }) => monitorUrl);
    const system = { systemCredentials: "sys:secret\n" };
    const restart = async (syncsAlways: boolean): Promise<void> => {
      await third?.kill();
      third?.configure(syncsAlways);
      await third?.restart();
    };
    const server = await startEngineServer(nats.current, options(system), { engineSyncCheckMs: 100 });
    onTestFinished(() => server.stop());
    const isReady = async (): Promise<number> => (await fetch(`${server.url}/-/ready`)).status;
    const metrics = async (): Promise<string> => await (await fetch(`${server.url}/-/metrics`)).text();
    expect(await isReady()).toBe(200);
    expect(await metrics()).toContain("netlog_engine_synced 1");
    expect(await metrics()).toMatch(/^netlog_engine_room_used_ratio 0(\.\d+)?$/m);
    expect(await refusal({ monitors: monitors.slice(1) })).toMatch("2 of the 3 servers");

    await restart(false);
    await expect.poll(isReady).toBe(503);
    expect(await metrics()).toContain("netlog_engine_synced 0");
    for (const given of [system, { monitors }]) {
      expect(await refusal(given)).toMatch(/^NATS server n3 \(2\.\d+\.\d+\) acknowledges messages before/);
    }

    await restart(true);
    await expect.poll(isReady).toBe(200);
    expect(await metrics()).toContain("netlog_engine_synced 1");
  });

  test("may be started when netlog is", async () => {
    const [first, ...others] = nats.current.servers;
    await Promise.all(others.map((server) => server.kill()));
    const servers = [first!.url.replace("//", "//log:secret@")];
    const limits = { ...LIMITS, engineStartMs: 2 * LIMITS.engineStartMs };
    const opened = Engine.open(options({ servers, systemCredentials: "sys:secret\n" }), limits);
    for (const server of others) server.start();
    (await within("a start beside that of NATS", opened)).end();
    await Promise.all(others.map((server) => server.ready()));
  });

  test("tell it to a user of their system account, and no other", async () => {
    expect(await refusal({ systemCredentials: "log:secret" })).toMatch(
      "--engine-system-credentials is not of the system account",
    );
    expect(await refusal({ systemCredentials: "sys:wrong" })).toMatch(
      /refused the credentials.* the file of --engine-system-credentials$/,
    );
  });
});

test.each(["null", '"a"', "[", "{"])("a monitoring port that answers %s tells nothing", async (answer) => {
  const other = createServer((_request, response) => response.end(answer)).listen(0, "127.0.0.1");
  await once(other, "listening");
  onTestFinished(() => void other.close());
  const { port } = other.address() as AddressInfo;
  const { servers, missing } = await portMonitor([`http://127.0.0.1:${port}`]).ask();
  expect(servers).toEqual([]);
  expect(missing).toContain("does not answer");
});
