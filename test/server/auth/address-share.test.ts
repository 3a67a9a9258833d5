/** What the clients of one address may take of the limits that all clients share. */
import { EventEmitter } from "node:events";
import type { Server } from "node:http";
import type { Socket } from "node:net";
import { expect, it, onTestFinished, vi } from "vitest";
import { nodeRuntime, silentLogger } from "../../../lib/index.ts";
import { ClientAddresses, parseNetwork } from "../../../server/auth/client-address.ts";
import { Connections } from "../../../server/http/connections.ts";
import { Occupancy } from "../../../server/http/occupancy.ts";
import { LIMITS } from "../../../server/index.ts";
import { within } from "../../support/deadline.ts";
import { expectTooMany, figure } from "../http/limit-checks.ts";
import { connectionForTest, type ServerFixture, serverForTest } from "../server-fixture.ts";
import { bearer, testToken } from "./tokens-fixture.ts";

const PROXY = parseNetwork("127.0.0.1")!;
const [one, other] = ["192.0.2.1", "192.0.2.2"];

/** A server behind a proxy that it trusts, which reports the clients. */
async function serverWith(limits: object, server: object = {}): Promise<ServerFixture> {
  const fixture = await serverForTest({ limits, server: { trustedProxies: [PROXY], ...server } });
  await fixture.netlog.createTopic("t");
  return fixture;
}

const forwarded = (address: string) => ({ "x-forwarded-for": address });

it("one address has a share of the requests that wait, and gets it back", async () => {
  const fixture = await serverWith({ waitingRequests: 10 });
  const wait = (address: string) => fixture.api.get("/t/batch?wait=1h", { headers: forwarded(address) });
  const count = () => figure(fixture, "netlog_waiting_requests");
  const waiting = Array.from({ length: 9 }, () => wait(one));
  await expect.poll(count).toBe(9);
  expectTooMany(await wait(one), "addressSharePercent");
  waiting.push(wait(other));
  await expect.poll(count).toBe(10);
  await fixture.api.post("/t/payload", "x");
  for (const { status } of await within("all answers", Promise.all(waiting))) expect(status).toBe(200);
  expect((await wait(one)).status).toBe(200);
});

it("one address has a share of the bytes in flight, with whatever tokens, and gets it back", async () => {
  const tokens = [1, 2, 3].map(() => testToken(["*"], ["write"]));
  const fixture = await serverWith(
    { bytesInFlight: 1000, payloadBytes: 300, batchBytes: 300, uncountedBytes: 0 },
    { tokens: tokens.map(({ record }) => record), areMetricsOpen: true },
  );
  const begin = async (address: string, token: number) => {
    const connection = await connectionForTest(fixture);
    const { authorization } = bearer(tokens[token]!);
    const head = `POST /t/payload HTTP/1.1\r\nHost: localhost\r\nAuthorization: ${authorization}\r\n`;
    connection.send(`${head}X-Forwarded-For: ${address}\r\nContent-Length: 300\r\n\r\n${"x".repeat(299)}`);
    return connection;
  };
  const held = () => figure(fixture, "netlog_bytes_in_flight");
  const slow = [await begin(one, 0), await begin(one, 1), await begin(one, 1)];
  await expect.poll(held).toBe(897);
  expectTooMany(await (await begin(one, 2)).reply(), "addressSharePercent");
  for (const connection of slow) connection.send("x");
  for (const connection of slow) expect((await connection.reply()).status).toBe(201);
  await expect.poll(held).toBe(0);
});

it("all connections of this machine may have everything, for a proxy may stand there", async () => {
  const fixture = await serverForTest({ limits: { waitingRequests: 10 } });
  await fixture.netlog.createTopic("t");
  const waiting = Array.from({ length: 10 }, () => fixture.api.get("/t/batch?wait=1h"));
  await expect.poll(() => figure(fixture, "netlog_waiting_requests")).toBe(10);
  await fixture.api.post("/t/payload", "x");
  for (const { status } of await within("all answers", Promise.all(waiting))) expect(status).toBe(200);
});

class FakeSocket extends EventEmitter {
  isDestroyed = false;
  readonly remoteAddress: string;

  constructor(remoteAddress: string) {
    super();
    this.remoteAddress = remoteAddress;
  }

  destroy(): void {
    this.isDestroyed = true;
    this.emit("close");
  }
}

it("one address has a share of the connections, and a trusted proxy has all", () => {
  const limits = { ...LIMITS, connections: 10 };
  const server = new EventEmitter();
  const trusted = new ClientAddresses([parseNetwork("198.51.100.0/24")!]);
  const connections = new Connections(
    server as unknown as Server,
    limits,
    new Occupancy(limits, trusted),
    nodeRuntime,
    true,
  );
  const connect = (address: string): FakeSocket => {
    const socket = new FakeSocket(address);
    server.emit("connection", socket as unknown as Socket);
    return socket;
  };
  const sockets = Array.from({ length: 9 }, () => connect(`::ffff:${one}`));
  expect([connect(one).isDestroyed, connect(other).isDestroyed]).toEqual([true, false]);
  expect([connections.count, connections.droppedCount]).toEqual([10, 1]);
  sockets[0]!.destroy();
  expect(connect(one).isDestroyed).toBe(false);
  for (let i = 0; i < 10; i++) expect(connect("198.51.100.7").isDestroyed).toBe(false);
  // Those of one network are one address.
  const sixes = Array.from({ length: 10 }, (_, i) => connect(`2001:db8::${i}`).isDestroyed);
  expect(sixes.filter(Boolean)).toHaveLength(1);
});

it("addresses that take nothing are forgotten, and others are not", () => {
  const occupancy = new Occupancy(LIMITS, new ClientAddresses([]));
  const share = occupancy.ofAddress(one)!;
  share.waitingCount = 1;
  const idle = occupancy.ofAddress(other)!;
  for (let i = 0; i < 100; i++) occupancy.ofAddress(`203.0.113.${i}`);
  expect(occupancy.ofAddress(one)).toBe(share);
  expect(occupancy.ofAddress(other)).not.toBe(idle);
});

it("a request whose address counts for nothing does not have it looked at", async () => {
  const logger = { ...silentLogger, isLevelEnabled: () => false };
  const fixture = await serverForTest({ server: { logger } });
  await fixture.netlog.createTopic("t");
  const connection = await connectionForTest(fixture);
  const publish = async () => {
    connection.send("POST /t/payload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\nx");
    expect((await connection.reply()).status).toBe(201);
  };
  await publish();
  const look = vi.spyOn(ClientAddresses.prototype, "clientOf");
  onTestFinished(() => look.mockRestore());
  await publish();
  expect(look).not.toHaveBeenCalled();
});
