/**
 * The payload tracker as it is run: five services report on many payloads, while servers are killed, PostgreSQL goes away
 * and comes back, and a second tracker shares the tables. SOAK=1 has a thousand payloads, and longer outages.
 */
import { setTimeout } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import {
  type BuiltServer,
  programForTest,
  startBuiltServer,
  startServing,
} from "../support/built-program.ts";
import { hasPostgres, Postgres } from "../support/postgres.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const TOPIC = "platform.payload-status";
const SERVICES = ["ingress", "puptoo", "inventory", "advisor", "storage-broker"];
const { payloads, outageMs } =
  process.env.SOAK === "1" ? { payloads: 1000, outageMs: 30_000 } : { payloads: 60, outageMs: 3000 };
/** So many messages are stored together. */
const TOGETHER = 20;
const SETTINGS = ["PUBLICPORT=0", "METRICSPORT=0", "MAX_REQUESTS_PER_MINUTE=0"].map(
  (setting) => `payloads.${setting}`,
);
const VIEW_FLAGS = ["--view-set", SETTINGS.join(",")];

interface Ports {
  readonly api: string;
  readonly metrics: string;
}

function requestIdOf(number: number): string {
  return number.toString(16).padStart(32, "0");
}

/** What one service says of all payloads, and what the server has taken when it resolves. */
async function report({ url }: Pick<BuiltServer, "url">, service: string): Promise<void> {
  for (let from = 0; from < payloads; from += TOGETHER) {
    const lines = Array.from({ length: TOGETHER }, (_, place) =>
      JSON.stringify({
        service,
        request_id: requestIdOf(from + place),
        status: place % 7 === 0 ? "error" : "success",
        date: new Date(Date.UTC(2026, 0, 1) + SERVICES.indexOf(service) * 1000).toISOString(),
      }),
    );
    const answer = await fetch(`${url}/${TOPIC}/batch?format=lines`, {
      method: "POST",
      body: lines.map((line) => `${line}\n`).join(""),
    });
    expect(answer.status).toBe(201);
  }
}

async function portsOf(server: BuiltServer): Promise<Ports> {
  const [api, metrics] = await Promise.all(
    ["api", "metrics"].map(
      async (name) => (await server.logged(`the ${name} of payloads listens`)).url as string,
    ),
  );
  return { api: `${api}/api/v1`, metrics: `${metrics}` };
}

async function second(log: string, db: string): Promise<Ports> {
  const environment = { NETLOG_DB: db };
  const program = programForTest(["view", "payloads", "--log", log, ...VIEW_FLAGS], { environment });
  const [api, metrics] = await Promise.all(
    ["api", "metrics"].map(
      async (name) =>
        (await program.printed(new RegExp(`the ${name} of payloads listens on (http://[\\d.:]+)`)))[1],
    ),
  );
  return { api: `${api}/api/v1`, metrics: `${metrics}` };
}

async function countOf({ api }: Ports, list: string): Promise<unknown> {
  const answer = await fetch(`${api}/${list}`);
  return answer.ok ? ((await answer.json()) as { readonly count: number }).count : answer.status;
}

/** Every status is there, once. */
async function expectAll(ports: Ports, serviceCount: number): Promise<void> {
  await expect.poll(() => countOf(ports, "statuses?page_size=1")).toBe(payloads * serviceCount);
  expect(await countOf(ports, "payloads?page_size=1")).toBe(payloads);
  const expected = SERVICES.slice(0, serviceCount).toReversed();
  for (let number = 0; number < payloads; number += 1) {
    const answer = await fetch(`${ports.api}/payloads/${requestIdOf(number)}?verbosity=2`);
    const { data } = (await answer.json()) as { readonly data: readonly { readonly service: string }[] };
    expect(data.map(({ service }) => service)).toEqual(expected);
  }
}

async function expectNoDatabase({ api, metrics }: Ports): Promise<void> {
  await expect.poll(async () => (await fetch(`${metrics}/ready`)).status).toBe(500);
  for (const list of ["payloads", "statuses", `payloads/${requestIdOf(1)}`]) {
    const answer = await fetch(`${api}/${list}`);
    const message = "the database cannot be asked now; try again later";
    expect([answer.status, await answer.json()]).toEqual([
      500,
      { title: "Internal Server Error", message, status: 500 },
    ]);
  }
  const health = await fetch(new URL("/health", api));
  expect([health.status, await health.text()]).toEqual([500, ""]);
  for (const url of [api, `${metrics}/live`, `${metrics}/metrics`]) {
    expect((await fetch(url)).status, url).toBe(200);
  }
}

test.skipIf(!hasPostgres)(
  "statuses are counted exactly, over kills, a database that goes away, and two trackers on it",
  async () => {
    const postgres = await Postgres.start();
    onTestFinished(() => postgres.remove());
    const folder = temporaryFolder();
    const options = ["--view", "payloads", "--db", postgres.url, ...VIEW_FLAGS];
    let server = await startBuiltServer(folder, options);
    onTestFinished(async () => {
      await server.kill();
    });
    const { port } = server;
    const restart = async (): Promise<Ports> => {
      await server.kill();
      server = await startServing(["serve", "--listen", `127.0.0.1:${port}`, "--dir", folder, ...options]);
      return await portsOf(server);
    };
    await fetch(`${server.url}/${TOPIC}`, { method: "POST" });
    const [ingress = "", puptoo = "", inventory = "", advisor = "", broker = ""] = SERVICES;

    await report(server, ingress);
    let ports = await restart();
    await report(server, puptoo);
    await expectAll(ports, 2);

    // The second one waits for its turn, which comes when the first one is killed.
    const other = await second(server.url, postgres.url);
    await report(server, inventory);
    await expectAll(other, 3);
    ports = await restart();

    await postgres.stop();
    const outage = setTimeout(outageMs);
    await report(server, advisor);
    await expectNoDatabase(ports);
    await expectNoDatabase(other);
    await outage;
    await postgres.restart();
    await expectAll(ports, 4);

    await report(server, broker);
    ports = await restart();
    await expectAll(ports, 5);
    await expectAll(other, 5);
    expect((await server.stop()).status).toBe(0);
  },
);
