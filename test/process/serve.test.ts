import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { get } from "node:http";
import { describe, expect, test } from "vitest";
import { builtServerForTest, startBuiltServer, startServing } from "../support/built-program.ts";
import { within } from "../support/deadline.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

interface Info {
  readonly first_offset: number;
  readonly latest_offset: number;
  readonly settings: Readonly<Record<string, unknown>>;
}

async function info(url: string, topic: string): Promise<Info> {
  return (await (await fetch(`${url}/${topic}`)).json()) as Info;
}

function post(url: string, body?: string): Promise<Response> {
  return fetch(url, { method: "POST", ...(body === undefined ? {} : { body }) });
}

/** Status of a request whose Host is not what it was sent to; fetch does not let that be chosen. */
async function statusFor(
  port: number,
  headers: Readonly<Record<string, string>>,
): Promise<number | undefined> {
  return await new Promise((resolve, reject) => {
    get({ host: "127.0.0.1", port, path: "/", headers, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode);
    }).once("error", reject);
  });
}

describe("what is started", () => {
  test("tells where it listens, which folder it serves, and how many topics it opened", async () => {
    const folder = temporaryFolder();
    const first = await builtServerForTest(folder);
    expect((await post(`${first.url}/demo`)).status).toBe(201);
    await first.stop();
    const second = await builtServerForTest(folder);
    const line = await second.logged("listening on ");
    expect(line).toMatchObject({
      level: "info",
      url: second.url,
      port: second.port,
      folder,
      topics: 1,
      failed: 0,
    });
    expect(line.msg).toMatch(/^listening on http:\/\/127\.0\.0\.1:\d+, data in .*, 1 topic opened in \d+ms$/);
  });

  test.each([[[]], [["-loglevel", "info"]]])("netlog without a command serves: %j", async (args) => {
    const environment = { NETLOG_LISTEN: "127.0.0.1:0", NETLOG_DIR: temporaryFolder() };
    const server = await startServing(args, { environment });
    try {
      expect(await (await fetch(server.url)).json()).toEqual([]);
    } finally {
      await server.kill();
    }
  });

  test("-listen :0 is reached on every address and under every name", async () => {
    const server = await startServing(["-listen", ":0", "--insecure", "-dir", temporaryFolder()]);
    try {
      expect(await statusFor(server.port, { host: "queue.example" })).toBe(200);
    } finally {
      await server.kill();
    }
  });

  test("--allowed-host and --cors-origin let through what they name, and nothing else", async () => {
    const args = ["--allowed-host", "queue.example", "--cors-origin", "https://app.example"];
    const { port } = await builtServerForTest(temporaryFolder(), args);
    expect(await statusFor(port, { host: "queue.example" })).toBe(200);
    expect(await statusFor(port, { host: "other.example" })).toBe(403);
    expect(await statusFor(port, { origin: "https://app.example" })).toBe(200);
    expect(await statusFor(port, { origin: "https://other.example" })).toBe(403);
  });
});

describe("options reach the topics", () => {
  test("new topics take the settings of the flags", async () => {
    const args = ["-segment_age=2day", "-segment_size=4096", "-batch_num_messages=7", "-batch_interval=5ms"];
    const { url } = await builtServerForTest(temporaryFolder(), [...args, "-compression=2"]);
    await post(`${url}/demo`);
    expect((await info(url, "demo")).settings).toMatchObject({
      segment_age: "2day",
      segment_size: 4096,
      batch_num_messages: 7,
      batch_interval: "5ms",
      compression_type: 2,
    });
  });

  test("the program's defaults are those of the contract", async () => {
    const { url } = await builtServerForTest(temporaryFolder());
    await post(`${url}/demo`);
    expect((await info(url, "demo")).settings).toEqual({
      segment_age: "30day",
      segment_size: 1_073_741_824,
      batch_num_messages: 100,
      batch_interval: "0s",
      compression_type: 1,
      durability: "synced",
      sync_interval: "1s",
      retention_size: 0,
      idempotency_window: "10m0s",
    });
  });

  test("old messages go at the pace of -monitor_interval", async () => {
    const { url } = await builtServerForTest(temporaryFolder(), [
      "-monitor_interval=20ms",
      "-segment_age=100ms",
    ]);
    await post(`${url}/demo`);
    await post(`${url}/demo/payload`, "old soon");
    const dropped = async (): Promise<void> => {
      while ((await info(url, "demo")).first_offset !== 1);
    };
    await within("the message to be dropped", dropped());
  });
});

describe("logs", () => {
  test("hold requests at -debug, and not otherwise", async () => {
    const loud = await builtServerForTest(temporaryFolder(), ["-debug"]);
    const quiet = await builtServerForTest(temporaryFolder());
    for (const { url } of [loud, quiet]) await fetch(`${url}/nothing`);
    for (const server of [loud, quiet]) await server.stop();
    expect(loud.logLines()).toContainEqual(expect.objectContaining({ level: "debug", url: "/nothing" }));
    expect(quiet.logLines().map(({ level }) => level)).not.toContain("debug");
  });

  test("name a folder that is no topic, and leave it alone", async () => {
    const folder = temporaryFolder();
    mkdirSync(`${folder}/lost+found`);
    mkdirSync(`${folder}/notes`);
    writeFileSync(`${folder}/notes/a.txt`, "mine");
    const server = await startBuiltServer(folder);
    expect(await (await fetch(server.url)).json()).toEqual([]);
    await server.stop();
    const paths = server.logLines().map(({ path }) => path);
    expect(paths).toEqual(expect.arrayContaining([`${folder}/lost+found`, `${folder}/notes`]));
    expect(readFileSync(`${folder}/notes/a.txt`, "utf8")).toBe("mine");
  });
});
