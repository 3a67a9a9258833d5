import { connect } from "node:net";
import { describe, expect, test } from "vitest";
import { halfPublished, waitingRequest } from "../support/begun-requests.ts";
import { type BuiltServer, builtServerForTest } from "../support/built-program.ts";
import { within } from "../support/deadline.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

async function post(url: string, body?: string): Promise<Response> {
  const response = await fetch(url, { method: "POST", ...(body === undefined ? {} : { body }) });
  if (response.status !== 201) throw new Error(`${response.status} for ${url}: ${await response.text()}`);
  return response;
}

async function createScanner(url: string, parameters: string): Promise<string> {
  const response = await post(`${url}/demo/scanner?${parameters}`);
  return ((await response.json()) as { id: string }).id;
}

/** Why a new connection is not made. Rejects when one is. */
function refusal({ port }: BuiltServer): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => {
      socket.destroy();
      reject(new Error("another process listens"));
    });
    socket.once("error", (error: NodeJS.ErrnoException) => resolve(error.code));
  });
}

describe.each(["SIGTERM", "SIGINT"] as const)("%s", (signal) => {
  test("answers the scans that wait, and ends with status 0", async () => {
    const server = await builtServerForTest(temporaryFolder());
    await post(`${server.url}/demo`);
    const id = await createScanner(server.url, "from=0");
    const { answer } = await waitingRequest(server.port, `/demo/scan?id=${id}&wait=1h`);
    server.signal(signal);
    expect(await within("the waiting scan's answer", answer)).toMatch(
      /^HTTP\/1\.1 503 .*\r\nx-netlog-error: shutting_down\r\n/is,
    );
    expect(await within("the end", server.ended)).toEqual({ status: 0, signal: null });
    expect(server.logLines().at(-1)).toMatchObject({ level: "info", msg: "stopped" });
  });

  test("closes the listener at once, while what was begun is finished", async () => {
    const server = await builtServerForTest(temporaryFolder());
    await post(`${server.url}/demo`);
    const { socket, answer } = await halfPublished(server.port, "demo");
    const id = await createScanner(server.url, "from=0");
    const scan = await waitingRequest(server.port, `/demo/scan?id=${id}&wait=1h`);
    server.signal(signal);
    // It is answered by a server that is stopping.
    await within("the waiting scan's answer", scan.answer);
    expect(await within("a refused connection", refusal(server))).toBe("ECONNREFUSED");
    socket.write("whole");
    expect(await within("the answer to what was begun", answer)).toMatch(/^HTTP\/1\.1 201 /);
    expect(await within("the end", server.ended)).toEqual({ status: 0, signal: null });
    expect(await refusal(server)).toBe("ECONNREFUSED");
  });

  test("waits for what was begun as long as it was told to, and ends with status 0", async () => {
    const server = await builtServerForTest(temporaryFolder(), ["--stop-timeout", "300ms"]);
    await post(`${server.url}/demo`);
    const { answer } = await halfPublished(server.port, "demo");
    // It is cut off, or told that it took too long.
    const outcome = answer.catch(() => "");
    server.signal(signal);
    expect(await within("the end", server.ended)).toEqual({ status: 0, signal: null });
    expect(await within("the cut", outcome)).not.toMatch(/^HTTP\/1\.1 201/);
  });

  test("a second time ends at once", async () => {
    const server = await builtServerForTest(temporaryFolder());
    await post(`${server.url}/demo`);
    await halfPublished(server.port, "demo");
    server.signal(signal);
    await server.logged("stopping");
    server.signal(signal);
    const status = signal === "SIGINT" ? 130 : 143;
    expect(await within("the end", server.ended)).toEqual({ status, signal: null });
  });
});

describe.each([
  { how: "a clean stop", end: (server: BuiltServer) => server.stop(), recoveries: 0 },
  { how: "kill -9", end: (server: BuiltServer) => server.kill(), recoveries: 1 },
])("after $how", ({ end, recoveries }) => {
  test("the next start has every message, and goes on where the persistent scanner was", async () => {
    const folder = temporaryFolder();
    const first = await builtServerForTest(folder);
    await post(`${first.url}/demo`);
    for (let count = 0; count < 5; count++) await post(`${first.url}/demo/payload`, `message ${count}`);
    const id = await createScanner(first.url, "from=0&persist=true");
    for (let count = 0; count < 2; count++) {
      expect(await (await fetch(`${first.url}/demo/scan?id=${id}`)).text()).toBe(`message ${count}`);
    }
    // The position is saved when the answer was handed over, and so before the next request is taken.
    await fetch(first.url);
    await end(first);

    const second = await builtServerForTest(folder);
    expect(await second.metric("netlog_recoveries_total")).toBe(recoveries);
    for (let count = 0; count < 5; count++) {
      expect(await (await fetch(`${second.url}/demo/payload/${count}`)).text()).toBe(`message ${count}`);
    }
    const next = await (await fetch(`${second.url}/demo/scan?id=${id}`)).text();
    expect(next).toBe("message 2");
    expect((await post(`${second.url}/demo/payload`, "message 5")).headers.get("x-offset")).toBe("5");
  });
});

test("kill -9 in the middle of publishing loses nothing that was answered", async () => {
  const folder = temporaryFolder();
  const first = await builtServerForTest(folder);
  await post(`${first.url}/demo`);
  const answered = new Map<number, string>();
  const publisher = async (name: number): Promise<void> => {
    for (let count = 0; ; count++) {
      const text = `publisher ${name}, message ${count}`;
      const response = await post(`${first.url}/demo/payload`, text).catch(() => undefined);
      if (response === undefined) return;
      answered.set(Number(response.headers.get("x-offset")), text);
      if (answered.size === 300) first.signal("SIGKILL");
    }
  };
  await within("the publishers' end", Promise.all([0, 1, 2, 3, 4, 5, 6, 7].map(publisher)));
  await first.ended;
  expect(answered.size).toBeGreaterThanOrEqual(300);

  const second = await builtServerForTest(folder);
  for (const [offset, text] of answered) {
    expect(await (await fetch(`${second.url}/demo/payload/${offset}`)).text()).toBe(text);
  }
  expect(await (await fetch(`${second.url}/demo/check`)).json()).toEqual({
    ok: true,
    message: "topic healthy",
  });
});
