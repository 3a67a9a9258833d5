/** Requests between servers that share a NATS: what goes together, and what becomes of what gets no answer. */
import { expect, test } from "vitest";
import { silentLogger } from "../../../../lib/base/logger.ts";
import type { Received } from "../../../../lib/jetstream/nats/connection.ts";
import { NoAnswer } from "../../../../lib/jetstream/nats/errors.ts";
import { EngineNames } from "../../../../lib/jetstream/nats/names.ts";
import { EngineRelay } from "../../../../lib/jetstream/servers/relay.ts";
import { RELAY_VERSION } from "../../../../lib/jetstream/servers/relay-messages.ts";
import { LIMITS } from "../../../../lib/limits.ts";
import type { Relayed, TakeRelayed } from "../../../../lib/topic/neighbours.ts";
import { ManualRuntime } from "../../../support/manual-runtime.ts";

const NAMES = new EngineNames();
const OWNER = { incarnation: "owner", url: "http://owner", relayVersion: RELAY_VERSION };
const FRONT = { incarnation: "front", url: "http://front" };

/** What core NATS does: it delivers at once or never. */
class Bus {
  readonly sent: { subject: string; bytes: Buffer }[] = [];
  readonly #receivers = new Map<string, (message: Received) => void>();
  #inboxes = 0;
  /** Messages under subjects that begin like this are lost. */
  lost: string | undefined;

  connect() {
    const bus = this;
    const lost = new Set<() => void>();
    const back = new Set<() => void>();
    return {
      isConnected: true,
      maxPayloadBytes: 64 * 1024,
      newInbox: () => `_INBOX.${++bus.#inboxes}`,
      onLost: (listener: () => void) => keepIn(lost, listener),
      onBack: (listener: () => void) => keepIn(back, listener),
      subscribe(subject: string, receive: (message: Received) => void) {
        bus.#receivers.set(subject.replace(/\.\*$/, ""), receive);
        return () => void bus.#receivers.delete(subject.replace(/\.\*$/, ""));
      },
      subscribeUntil(subject: string, receive: (message: Received) => void) {
        const end = this.subscribe(subject, receive);
        return () => Promise.resolve(end());
      },
      publish(subject: string, payload: Uint8Array | string, { reply = "" }: { reply?: string } = {}) {
        if (!this.isConnected) throw new NoAnswer("not_connected", subject);
        bus.#publish(subject, Buffer.from(payload), reply);
      },
      setConnected(isConnected: boolean) {
        this.isConnected = isConnected;
        for (const listener of isConnected ? back : lost) listener();
      },
    };
  }

  forget(subject: string): void {
    this.#receivers.delete(subject);
  }

  #publish(subject: string, bytes: Buffer, reply: string): void {
    this.sent.push({ subject, bytes });
    if (this.lost !== undefined && subject.startsWith(this.lost)) return;
    const receive = this.#receivers.get(subject) ?? this.#receivers.get(subject.replace(/\.[^.]*$/, ""));
    if (receive !== undefined) receive(message(subject, bytes, reply));
    else this.#receivers.get(reply.replace(/\.[^.]*$/, ""))?.(message(reply, Buffer.alloc(0), "", 503));
  }
}

function keepIn<Item>(set: Set<Item>, item: Item): () => void {
  set.add(item);
  return () => void set.delete(item);
}

function message(subject: string, data: Buffer, reply: string, code = 0): Received {
  return { subject, data, reply, headers: code === 0 ? undefined : { code } } as unknown as Received;
}

function setUp(take: TakeRelayed | undefined, limits = LIMITS) {
  const bus = new Bus();
  const runtime = new ManualRuntime();
  const suspected: string[] = [];
  const shared = { names: NAMES, runtime, logger: silentLogger, limits };
  const ownerConnection = bus.connect();
  const frontConnection = bus.connect();
  const suspect = (server: string): void => void suspected.push(server);
  const owner = new EngineRelay({ ...shared, connection: ownerConnection, self: OWNER, suspect });
  const front = new EngineRelay({ ...shared, connection: frontConnection, self: FRONT, suspect });
  if (take !== undefined) owner.receive(take);
  front.serversChanged([OWNER]);
  const send = async (text: string): Promise<string> => {
    const outcome = await front.send(OWNER.url, relayed(text));
    return typeof outcome === "string" ? outcome : `${outcome.texts[0]}${outcome.body}`;
  };
  const requestMessages = () => bus.sent.filter(({ subject }) => subject === NAMES.relaySubject("owner"));
  return { bus, runtime, suspected, front, frontConnection, ownerConnection, send, requestMessages };
}

function relayed(text: string): Relayed {
  return { texts: [text.slice(0, 1)], body: Buffer.from(text.slice(1)) };
}

const echo: TakeRelayed = ({ texts, body }, respond) => respond({ texts: [`re ${texts[0]}`], body });
/** Takes what comes, and answers when the test says so. */
function holding() {
  const held: ((answer: string) => void)[] = [];
  const take: TakeRelayed = (_request, respond) => held.push((answer) => respond(relayed(answer)));
  return { held, take };
}

test("what is sent in one turn goes in one message, and so do its answers", async () => {
  const { bus, send } = setUp(echo);
  expect(await Promise.all(["a", "b", "c"].map(send))).toEqual(["re a", "re b", "re c"]);
  expect(bus.sent).toHaveLength(2);
});

test("what is more than a message holds goes in several", async () => {
  const { send, requestMessages } = setUp(echo);
  const long = "x".repeat(30_000);
  expect(await Promise.all([long, long, long].map(send))).toEqual([`re ${long}`, `re ${long}`, `re ${long}`]);
  expect(requestMessages()).toHaveLength(2);
});

test("a request is taken where a message holds it, whatever its texts are", async () => {
  const { bus, front, frontConnection } = setUp(echo);
  const { maxPayloadBytes } = frontConnection;
  const texts = ["\u0001".repeat(1000), "é".repeat(1000)];
  let bodyBytes = maxPayloadBytes;
  while (front.bytesOf(texts, bodyBytes) === undefined) bodyBytes -= 1;
  expect(bodyBytes).toBeGreaterThan(maxPayloadBytes / 2);
  await front.send(OWNER.url, { texts, body: Buffer.alloc(bodyBytes) });
  expect(bus.sent[0]!.bytes.length).toBeLessThanOrEqual(maxPayloadBytes);
});

test("answers come in any order, and a message whose requests have all of them makes room for the next", async () => {
  const { held, take } = holding();
  const { runtime, send, requestMessages } = setUp(take, { ...LIMITS, engineRelayMessages: 1 });
  const sent = [send("a"), send("b")];
  await runtime.turn();
  const later = [send("c"), send("d")];
  await runtime.turn();
  expect(held).toHaveLength(2);
  held[1]!("B");
  expect(await sent[1]).toBe("B");
  expect(requestMessages()).toHaveLength(1);
  held[0]!("A");
  expect(await sent[0]).toBe("A");
  await runtime.turn();
  expect(requestMessages()).toHaveLength(2);
  held[2]!("C");
  held[3]!("D");
  expect(await Promise.all(later)).toEqual(["C", "D"]);
});

test.each([undefined, RELAY_VERSION + 1])(
  "a server that speaks version %s gets none",
  async (relayVersion) => {
    const { front, requestMessages, send } = setUp(echo);
    expect(front.reaches(OWNER.url)).toBe(true);
    front.serversChanged([{ ...OWNER, relayVersion }]);
    expect(front.reaches(OWNER.url)).toBe(false);
    expect(await send("a")).toBe("not_taken");
    expect(requestMessages()).toEqual([]);
  },
);

test("a server keeps its requests where another one starts at its URL, until it is gone", async () => {
  const { bus, front, send } = setUp(echo);
  const second = { ...OWNER, incarnation: "second" };
  front.serversChanged([OWNER, second]);
  expect(await send("a")).toBe("re a");
  front.serversChanged([second]);
  expect(await send("b")).toBe("not_taken");
  expect(bus.sent.at(-1)?.subject).toBe(NAMES.relaySubject("second"));
});

test("nothing was taken where nobody takes requests, and the server is suspected", async () => {
  const { send, suspected, runtime } = setUp(undefined);
  expect(await Promise.all([send("a"), send("b")])).toEqual(["not_taken", "not_taken"]);
  expect(suspected).toEqual(["owner"]);
  expect(runtime.timerCount).toBe(0);
});

test("when the server is gone, what was sent may be done, and what was not sent is not", async () => {
  const { take } = holding();
  const { front, runtime, send } = setUp(take, { ...LIMITS, engineRelayMessages: 1 });
  const sent = send("a");
  await runtime.turn();
  const waiting = send("b");
  front.serversChanged([]);
  expect([await sent, await waiting]).toEqual(["unknown", "not_taken"]);
  expect(front.reaches(OWNER.url)).toBe(false);
  expect(await send("c")).toBe("not_taken");
});

test("when the connection breaks, what was sent may be done; later requests go other ways until it is back", async () => {
  const { take } = holding();
  const { front, frontConnection, runtime, send } = setUp(take);
  const sent = send("a");
  await runtime.turn();
  frontConnection.setConnected(false);
  expect(await sent).toBe("unknown");
  expect(front.reaches(OWNER.url)).toBe(false);
  expect(await send("b")).toBe("not_taken");
  frontConnection.setConnected(true);
  expect(front.reaches(OWNER.url)).toBe(true);
});

test.each([
  ["a request", NAMES.relaySubject("owner")],
  ["an answer", "_INBOX"],
])("where NATS loses %s, the other server is asked, and the outcome is unknown", async (_what, lost) => {
  const { bus, runtime, send } = setUp(echo);
  bus.lost = lost;
  const sent = send("a");
  // The request, and its answer.
  await runtime.turn();
  await runtime.turn();
  bus.lost = undefined;
  await runtime.advance(LIMITS.engineRelayAskMs - 1);
  expect(runtime.timerCount).toBe(1);
  await runtime.advance(1);
  expect(await sent).toBe("unknown");
  expect(runtime.timerCount).toBe(0);
});

test("what the other server still has waits on, and its answer comes before that it has no more", async () => {
  const { held, take } = holding();
  const { runtime, send, requestMessages } = setUp(take);
  const sent = [send("a"), send("b")];
  await runtime.turn();
  held[0]!("A");
  expect(await sent[0]).toBe("A");
  await runtime.advance(LIMITS.engineRelayAskMs);
  expect(requestMessages()).toHaveLength(2);
  held[1]!("B");
  // Both go out at the end of this turn.
  await runtime.advance(LIMITS.engineRelayAskMs);
  expect(await sent[1]).toBe("B");
});

test("where all that is sent is lost, the outcome is unknown after a time", async () => {
  const { bus, runtime, send } = setUp(echo);
  bus.lost = NAMES.relaySubject("owner");
  const sent = send("a");
  await runtime.turn();
  await runtime.advance(LIMITS.engineRelayMs - 1);
  expect(runtime.timerCount).toBe(1);
  await runtime.advance(1);
  expect(await sent).toBe("unknown");
});

test("that nobody is there to be asked says nothing of what was sent before", async () => {
  const { take } = holding();
  const { front, bus, runtime, send, suspected } = setUp(take);
  const sent = send("a");
  await runtime.turn();
  bus.forget(NAMES.relaySubject("owner"));
  await runtime.advance(LIMITS.engineRelayAskMs);
  expect(suspected).toEqual(["owner"]);
  front.serversChanged([]);
  expect(await sent).toBe("unknown");
});

test("answers wait for a connection that is lost for a while", async () => {
  const { held, take } = holding();
  const { runtime, ownerConnection, send } = setUp(take);
  const sent = send("a");
  await runtime.turn();
  ownerConnection.setConnected(false);
  held[0]!("A");
  await runtime.turn();
  ownerConnection.setConnected(true);
  expect(await sent).toBe("A");
});

test("an answer that no message holds has no outcome", async () => {
  const { send } = setUp((_request, respond) => respond({ texts: ["200"], body: Buffer.alloc(100_000) }));
  expect(await send("a")).toBe("unknown");
});
