/** A disk that is really full. */
import { spawnSync } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { expect, onTestFinished, test } from "vitest";
import { type BuiltServer, startBuiltServer } from "../support/built-program.ts";
import { PROJECT_ROOT } from "../support/project-files.ts";
import { smallDisk } from "../support/small-disk.ts";

const DISK_BYTES = 4 * 1024 * 1024;
/** From what fills a disk soon to what finds the last room. */
const SIZES = [100_000, 3000, 1];

async function post(url: string, body?: string): Promise<Response> {
  return await fetch(url, { method: "POST", ...(body === undefined ? {} : { body }) });
}

/** One client of topic `t`: knows each message that was answered, in order, and holds the server to them. */
class Client {
  readonly stored: string[] = [];
  server: BuiltServer;

  constructor(server: BuiltServer) {
    this.server = server;
  }

  get url(): string {
    return `${this.server.url}/t`;
  }

  /** The status; what was stored is next in line. */
  async publish(sizeBytes: number): Promise<number> {
    const payload = `${this.stored.length}`.padEnd(sizeBytes, String(sizeBytes)).slice(0, sizeBytes);
    const reply = await post(`${this.url}/payload`, payload);
    if (reply.status === 201) {
      expect(reply.headers.get("x-offset")).toBe(String(this.stored.length));
      this.stored.push(payload);
    } else {
      const reason = expect.stringContaining("make room");
      expect(await reply.json()).toMatchObject({ error: "netlog: storage full", reason });
    }
    return reply.status;
  }

  async publishBatch(lines: readonly string[]): Promise<number> {
    const reply = await post(`${this.url}/batch?format=lines`, lines.join("\n"));
    if (reply.status === 201) this.stored.push(...lines);
    await reply.arrayBuffer();
    return reply.status;
  }

  async fill(): Promise<void> {
    for (const size of SIZES) {
      let status = await this.publish(size);
      while (status === 201) status = await this.publish(size);
      expect(status).toBe(507);
    }
  }

  async createScanner(persist: boolean): Promise<string> {
    const reply = await post(`${this.url}/scanner?from=0&persist=${persist}`);
    return ((await reply.json()) as { id: string }).id;
  }

  async scan(id: string): Promise<string | undefined> {
    const reply = await fetch(`${this.url}/scan?id=${id}`);
    const text = await reply.text();
    if (reply.status === 404) return undefined;
    expect(reply.status).toBe(200);
    return text;
  }

  /** One by one, many at once, and by a new scanner: all that was stored, and nothing else. */
  async expectAll(): Promise<void> {
    const { stored, url } = this;
    for (const [offset, payload] of stored.entries()) {
      expect(await (await fetch(`${url}/payload/${offset}`)).text()).toBe(payload);
    }
    expect(await (await fetch(`${url}/stream?follow=0&format=lines`)).text()).toBe(`${stored.join("\n")}\n`);
    expect(await (await fetch(`${url}/batch?from=1&format=lines`)).text()).toBe(
      `${stored.slice(1).join("\n")}\n`,
    );
    const id = await this.createScanner(false);
    for (const payload of stored) expect(await this.scan(id)).toBe(payload);
    expect(await this.scan(id)).toBeUndefined();
    await fetch(`${url}/scanner?id=${id}`, { method: "DELETE" });
    expect(await (await fetch(`${url}/check`)).json()).toMatchObject({ message: "topic healthy" });
  }
}

test("a full disk refuses with 507, reads go on, and room that returns is used", async (context) => {
  const disk = smallDisk(DISK_BYTES);
  if (disk === undefined) return context.skip("mounting a tmpfs is not allowed here");
  const data = `${disk}/data`;
  mkdirSync(data);
  const filler = `${disk}/filler`;
  writeFileSync(filler, Buffer.alloc(DISK_BYTES / 4));
  const client = new Client(await startBuiltServer(data));
  onTestFinished(async () => void (await client.server.kill()));
  await post(client.url);
  expect(await client.publishBatch(["line 0", "line 1", "line 2"])).toBe(201);
  const id = await client.createScanner(true);
  expect(await client.scan(id)).toBe("line 0");

  await client.fill();
  expect(await client.publishBatch(Array.from({ length: 500 }, (_, line) => `refused ${line}`))).toBe(507);
  await client.expectAll();
  expect(await client.scan(id)).toBe("line 1");

  rmSync(filler);
  expect(await client.publish(100_000)).toBe(201);
  expect(await client.publishBatch(["line 3", "line 4"])).toBe(201);
  await client.expectAll();
  expect(await client.scan(id)).toBe("line 2");

  for (const end of ["kill", "stop"] as const) {
    await client.server[end]();
    client.server = await startBuiltServer(data);
    await client.expectAll();
    expect(await client.publish(1000)).toBe(201);
  }
  // It may repeat, and skips nothing: what it gives is a run of messages up to the last.
  const rest: string[] = [];
  for (let given = await client.scan(id); given !== undefined; given = await client.scan(id))
    rest.push(given);
  expect(rest.length).toBeGreaterThanOrEqual(client.stored.length - 3);
  expect(rest).toEqual(client.stored.slice(-rest.length));
});

test("an ack, a nack and a seek that find the disk full change nothing", async (context) => {
  const disk = smallDisk(DISK_BYTES);
  if (disk === undefined) return context.skip("mounting a tmpfs is not allowed here");
  const data = `${disk}/data`;
  mkdirSync(data);
  let server = await startBuiltServer(data);
  onTestFinished(async () => void (await server.kill()));
  const ask = (path: string): Promise<Response> => post(`${server.url}/t${path}`);
  const statusOf = async (path: string): Promise<number> => (await ask(path)).status;
  const lease = async (): Promise<string[]> => {
    const reply = await ask("/scan?id=w");
    const text = await reply.text();
    if (text !== "job") throw new Error(`a scan is answered ${text}`);
    return ["x-offset", "x-delivery", "x-lease"].map((name) => reply.headers.get(name) ?? "");
  };
  await ask("");
  await post(`${server.url}/t/batch?format=lines`, Array.from({ length: 2000 }, () => "job").join("\n"));
  await ask("/scanner?id=w&ack=explicit&ack_wait=5m&max_pending=2000");
  const [, , token = ""] = await lease();
  // Its journal has room up to the end of a page of memory, and no further.
  const filler = openSync(`${disk}/filler`, "w");
  for (let size = 1 << 20; size >= 1; size >>= 1) while (tookWhole(filler, size));
  let status = 200;
  while (status === 200) status = await statusOf(`/nack?id=w&offset=${(await lease())[0]}&delay=1day`);
  expect(status).toBe(507);
  expect(await statusOf(`/ack?id=w&lease=${token}`)).toBe(507);
  expect(await statusOf("/seek?id=w&to=first")).toBe(507);
  const told = (await (await fetch(`${server.url}/t/scanner?id=w`)).json()) as { pending: number };
  expect(await statusOf(`/touch?id=w&lease=${token}`)).toBe(200);
  closeSync(filler);
  rmSync(`${disk}/filler`);
  expect(told.pending).toBeGreaterThan(1);
  await server.kill();
  server = await startBuiltServer(data);
  expect((await lease())[0]).toBe("0");
});

function tookWhole(file: number, sizeBytes: number): boolean {
  try {
    return writeSync(file, Buffer.alloc(sizeBytes, 1)) === sizeBytes;
  } catch {
    return false;
  }
}

test.runIf(existsSync("/dev/full"))("output that a full disk does not take is an error, in one line", () => {
  const command = `node ${PROJECT_ROOT}cmd/netlog.cjs help > /dev/full`;
  const { status, stderr } = spawnSync("sh", ["-c", command], { encoding: "utf8", timeout: 60_000 });
  expect({ status, stderr }).toEqual({
    status: 1,
    stderr: "netlog: standard output cannot be written (ENOSPC)\n",
  });
});
