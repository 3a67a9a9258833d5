/** An event publisher, a subscriber and a stream over a server that is killed and started again, and again. */
import { expect, it, onTestFinished } from "vitest";
import { EventPublisher, EventSubscriber, type StoredEvent } from "../../lib/client/events/index.ts";
import { NetlogClient, type Topic } from "../../lib/client/index.ts";
import { type BuiltServer, startServing } from "../support/built-program.ts";
import { within } from "../support/deadline.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const COUNT = 240;
const DEADLINE_MS = 90_000;

async function serve(folder: string, listen: string): Promise<BuiltServer> {
  const server = await startServing(["serve", "-listen", listen, "-dir", folder]);
  onTestFinished(async () => {
    await server.kill();
  });
  return server;
}

/** Follows the topic through whatever happens, until the test is over. */
function follow(topic: Topic): { upTo(end: number): Promise<number[]> } {
  const stop = new AbortController();
  const offsets: number[] = [];
  let whenRead = (): void => {};
  const reading = (async () => {
    for await (const { offset } of topic.stream({ signal: stop.signal })) {
      offsets.push(offset);
      whenRead();
    }
  })();
  onTestFinished(async () => {
    stop.abort();
    await within("the end of the stream", reading);
  });
  const upTo = async (end: number): Promise<number[]> => {
    const enough = new Promise<void>((resolve) => {
      whenRead = () => {
        if (offsets.length >= end) resolve();
      };
      whenRead();
    });
    await within(`${end} messages of the stream`, Promise.race([enough, reading]), DEADLINE_MS);
    return offsets;
  };
  return { upTo };
}

it("loses no event within the buffer to kills of the server, and keeps their order", {
  timeout: 300_000,
}, async () => {
  const folder = temporaryFolder();
  let server = await serve(folder, "127.0.0.1:0");
  const client = new NetlogClient(server.url);
  const publisher = new EventPublisher(client, "events", { onWarning: () => {} });
  const stop = new AbortController();
  const handled: StoredEvent[] = [];
  let whenHandled = (): void => {};
  const subscriber = new EventSubscriber(client, {
    topic: "events",
    name: "counting",
    from: "first",
    handlers: (event) => {
      handled.push(event);
      whenHandled();
    },
    onWarning: () => {},
  });
  const running = subscriber.run({ signal: stop.signal });
  const stored = async (count: number): Promise<void> => {
    const enough = new Promise<void>((resolve) => {
      whenHandled = () => {
        if (new Set(handled.map(({ id }) => id)).size >= count) resolve();
      };
      whenHandled();
    });
    await within(`${count} events handled, of ${JSON.stringify(publisher.stats())}`, enough, DEADLINE_MS);
  };

  // A third of them each time: while all is well, into a kill, and while nobody listens.
  for (let number = 0; number < COUNT / 3; number++) publisher.publish({ type: "counted", data: number });
  await stored(10);
  const following = follow(client.topic("events"));
  // A stream waits for a server without end once it was there.
  await following.upTo(1);
  await server.kill();
  for (let number = COUNT / 3; number < (2 * COUNT) / 3; number++) {
    publisher.publish({ type: "counted", data: number });
  }
  server = await serve(folder, `127.0.0.1:${server.port}`);
  await stored(COUNT / 3 + 10);
  await server.kill();
  for (let number = (2 * COUNT) / 3; number < COUNT; number++)
    publisher.publish({ type: "counted", data: number });
  server = await serve(folder, `127.0.0.1:${server.port}`);
  await stored(COUNT);
  stop.abort();
  await within("the subscriber's end", running);
  const { published, retried, ...rest } = await publisher.close();
  expect({ published, ...rest }).toEqual({ published: COUNT, dropped: 0, lostOnClose: 0, queued: 0 });
  expect(retried).toBeGreaterThan(0);

  const end = await client.topic("events").offsetOf("end");
  expect(await following.upTo(end)).toEqual(Array.from({ length: end }, (_, offset) => offset));

  // What lies in the topic: in order, each once but where an answer was lost, which its id tells.
  const numbers: unknown[] = [];
  const ids = new Set<string>();
  let twice = 0;
  for await (const message of client.topic("events").stream({ follow: false })) {
    const { id, data } = message.json<StoredEvent>();
    if (ids.has(id)) twice++;
    else numbers.push(data);
    ids.add(id);
  }
  const all = Array.from({ length: COUNT }, (_, number) => number);
  expect(numbers).toEqual(all);
  expect(twice).toBeLessThanOrEqual(retried);
  const seen = new Set(handled.map(({ data }) => data));
  expect([...seen]).toEqual(all);
});
