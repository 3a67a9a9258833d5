/** curl, which tries again under one Idempotency-Key, against a server that is killed and started again and again. */
import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { startServing } from "../support/built-program.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const run = promisify(execFile);

const MESSAGES = Number(process.env.CURL_RETRIES_MESSAGES ?? 100);
const CLIENTS = 8;
/** Stored messages between two kills. */
const STORED_A_LIFE = 12;
const RETRYING = ["--retry", "5", "--retry-all-errors", "--retry-max-time", "60"];

test("each message that curl retries under its key is stored once, however often the server is killed", async () => {
  const folder = temporaryFolder();
  const start = (address: string) => startServing(["-listen", address, "-dir", folder]);
  let server = await start("127.0.0.1:0");
  const { url, port } = server;
  onTestFinished(async () => {
    await server.kill();
  });
  expect((await fetch(`${url}/t`, { method: "POST" })).status).toBe(201);

  let storedInLife = 0;
  let endLife: () => void = () => {};
  const publish = async (payload: string): Promise<void> => {
    const key = `Idempotency-Key: ${randomUUID()}`;
    await run("curl", ["-sSf", ...RETRYING, "-H", key, "--data-binary", payload, `${url}/t/payload`]);
    storedInLife += 1;
    if (storedInLife === STORED_A_LIFE) endLife();
  };
  const payloads = Array.from({ length: MESSAGES }, (_, i) => `m${i}`);
  const waiting = [...payloads];
  const client = async (): Promise<void> => {
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) await publish(next);
  };
  const clients = Promise.all(Array.from({ length: CLIENTS }, client));

  let kills = 0;
  const killer = async (): Promise<void> => {
    while (waiting.length > CLIENTS) {
      await new Promise<void>((resolve) => {
        storedInLife = 0;
        endLife = resolve;
      });
      await server.kill();
      kills += 1;
      server = await start(`127.0.0.1:${port}`);
    }
  };
  await Promise.all([clients, Promise.race([killer(), clients])]);

  expect(kills).toBeGreaterThan(2);
  const stored = (await (await fetch(`${url}/t/batch?format=json&max=100000`)).json()) as {
    payload: string;
  }[];
  expect(stored.map(({ payload }) => payload).toSorted()).toEqual(payloads.toSorted());
});
