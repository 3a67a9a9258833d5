/** The built program with two views on one PGlite, killed again and again: in both, what was published counts once. */
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { type BuiltServer, type Finished, runProgram, startBuiltServer } from "../support/built-program.ts";
import { fillPgliteFolder } from "../support/pglite.ts";
import { KILLS, MESSAGES_PER_LIFE } from "../support/soak.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { eventText, FIRST_MS, nanosAt } from "../support/views/journal.ts";
import { requestIdOf } from "../support/views/payloads.ts";

const PAYLOAD_TOPIC = "platform.payload-status";
const EVENT_TOPIC = "events";
const PAYLOADS = MESSAGES_PER_LIFE;
const CLIENTS = Array.from({ length: 5 }, (_, number) => `c${number}`);
const SETTINGS = [
  "payloads.PUBLICPORT=0",
  "payloads.METRICSPORT=0",
  "journal.HTTP_PORT=0",
  "journal.AUTH=none",
];
const VIEWS = ["--view", "payloads,journal", "--view-set", SETTINGS.join(",")];

/** Stored together. */
async function publish({ url }: BuiltServer, topic: string, lines: readonly string[]): Promise<void> {
  const headers = { "content-type": "application/x-ndjson" };
  const answer = await fetch(`${url}/${topic}/batch`, { method: "POST", body: lines.join("\n"), headers });
  expect(answer.status).toBe(201);
}

function eventsOf(operation: string, attributesOf: (client: string) => object): string[] {
  return CLIENTS.map((client) => eventText(operation, attributesOf(client), nanosAt(FIRST_MS)));
}

/** A status of each payload from one service, and a message that each client publishes. */
async function publishALife(server: BuiltServer, life: number): Promise<void> {
  const status = {
    service: `service-${life}`,
    status: "received",
    date: "2022-03-17T16:56:10Z",
    org_id: "7",
  };
  const statuses = Array.from({ length: PAYLOADS }, (_, number) =>
    JSON.stringify({ ...status, request_id: requestIdOf(number) }),
  );
  await publish(server, PAYLOAD_TOPIC, statuses);
  const events = eventsOf("messaging.client_publish", (client) => {
    return { client_id: client, domain_id: "d", channel_id: "ch", subtopic: "a" };
  });
  await publish(server, EVENT_TOPIC, events);
}

async function apiOf(server: BuiltServer, view: string): Promise<string> {
  return String((await server.logged(`the api of ${view} listens`)).url);
}

async function lagsOf({ url }: BuiltServer): Promise<unknown> {
  const views = (await (await fetch(`${url}/-/views`)).json()) as {
    topics: { topic: string; lag?: number }[];
  }[];
  const topics = views.flatMap((view) => view.topics);
  return [PAYLOAD_TOPIC, EVENT_TOPIC].map((name) => topics.find(({ topic }) => topic === name)?.lag);
}

async function ask(url: string): Promise<unknown> {
  return await (await fetch(url)).json();
}

test("views answer what was published, once, over kills at any moment, and a rebuild changes nothing", async () => {
  const folder = temporaryFolder();
  await fillPgliteFolder(join(folder, ".views"));
  let server = await startBuiltServer(folder, VIEWS);
  onTestFinished(async () => void (await server.kill()));
  for (const topic of [PAYLOAD_TOPIC, EVENT_TOPIC]) await fetch(`${server.url}/${topic}`, { method: "POST" });
  await publish(server, EVENT_TOPIC, [
    ...eventsOf("client.create", (client) => ({ id: client, domain: "d" })),
    ...eventsOf("messaging.client_subscribe", (client) => {
      return { client_id: client, subscriber_id: client, topic: "m/d/c/ch/+" };
    }),
  ]);
  for (let kill = 0; kill < KILLS; kill += 1) {
    // Every second kill comes while the views still begin, the others while they apply.
    if (kill % 2 === 0) await Promise.all([apiOf(server, "payloads"), apiOf(server, "journal")]);
    await publishALife(server, kill);
    await server.kill();
    server = await startBuiltServer(folder, VIEWS);
  }
  const [payloads, journal] = await Promise.all([apiOf(server, "payloads"), apiOf(server, "journal")]);
  await expect.poll(() => lagsOf(server)).toEqual([0, 0]);

  const expectAll = async (): Promise<void> => {
    const { data } = (await ask(`${payloads}/api/v1/payloads/${requestIdOf(3)}`)) as { data: unknown[] };
    expect(data).toHaveLength(KILLS);
    const counts = {
      subscriptions: 1,
      inbound_messages: KILLS,
      outbound_messages: KILLS * CLIENTS.length,
    };
    for (const client of CLIENTS) {
      expect(await ask(`${journal}/d/journal/client/${client}/telemetry`)).toMatchObject(counts);
    }
  };
  await expectAll();
  const environment = { NETLOG_URL: server.url };
  const view = (...args: string[]): Promise<Finished> => runProgram(["view", ...args], { environment });
  const counts = { payloads: KILLS * PAYLOADS, journal: CLIENTS.length * (KILLS + 2) };
  for (const [name, count] of Object.entries(counts)) {
    const stdout = `${name} is rebuilt from ${count} messages\n`;
    expect(await view("rebuild", name)).toMatchObject({ status: 0, stdout });
  }
  await expectAll();
  const status = await view("status");
  expect(status.status).toBe(0);
  expect(status.stdout).toContain(`${PAYLOAD_TOPIC}: next ${counts.payloads}, lag 0`);
  expect(status.stdout).toContain(`${EVENT_TOPIC}: next ${counts.journal}, lag 0`);
  expect((await server.stop()).status).toBe(0);
});
