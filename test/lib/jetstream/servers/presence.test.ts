/** Who lives, as each server sees it: heartbeats on a bus that the test can cut, with a clock of its own. */
import { expect, test } from "vitest";
import { silentLogger } from "../../../../lib/base/logger.ts";
import type { Received } from "../../../../lib/jetstream/nats/connection.ts";
import { NoAnswer } from "../../../../lib/jetstream/nats/errors.ts";
import { EngineNames } from "../../../../lib/jetstream/nats/names.ts";
import { Presence } from "../../../../lib/jetstream/servers/presence.ts";
import { LIMITS } from "../../../../lib/limits.ts";
import { ManualRuntime } from "../../../support/manual-runtime.ts";

const NAMES = new EngineNames();
const { engineHeartbeatMs: BEAT_MS, engineSilenceMs: SILENCE_MS } = LIMITS;

/** What NATS does between servers. */
class Bus {
  readonly #receivers = new Set<{ of: string; subject: string; receive: (message: Received) => void }>();
  /** Servers that neither hear nor are heard, though their subscriptions are there. */
  readonly cut = new Set<string>();

  of(server: string) {
    return {
      publish: (subject: string, text: string | Uint8Array) => this.#send(server, subject, String(text)),
      request: (subject: string): Promise<Received> => {
        const receiver = [...this.#receivers].find((each) => each.subject === subject);
        if (receiver === undefined) return Promise.reject(new NoAnswer("no_responders", subject));
        const isHeard = !this.cut.has(server) && !this.cut.has(receiver.of);
        return isHeard
          ? Promise.resolve(message(subject, ""))
          : Promise.reject(new NoAnswer("timeout", subject));
      },
      subscribe: (subject: string, receive: (message: Received) => void) => {
        const receiver = { of: server, subject, receive };
        this.#receivers.add(receiver);
        return () => void this.#receivers.delete(receiver);
      },
    };
  }

  #send(from: string, subject: string, text: string): void {
    for (const { of, subject: wanted, receive } of this.#receivers) {
      const isWanted = wanted.endsWith("*") ? subject.startsWith(wanted.slice(0, -1)) : wanted === subject;
      if (isWanted && !this.cut.has(from) && !this.cut.has(of)) receive(message(subject, text));
    }
  }
}

function message(subject: string, text: string): Received {
  return { subject, data: Buffer.from(text), headers: undefined, reply: "" } as unknown as Received;
}

function meet(...servers: readonly string[]) {
  const bus = new Bus();
  const runtime = new ManualRuntime();
  const presences = servers.map((incarnation) => {
    const presence = new Presence({
      connection: bus.of(incarnation),
      names: NAMES,
      runtime,
      logger: silentLogger,
      limits: LIMITS,
      self: { incarnation, url: `http://${incarnation}` },
      onChange: () => {},
      onTick: () => {},
    });
    presence.begin();
    return presence;
  });
  return { bus, runtime, presences };
}

test("servers hear of each other, and of one that leaves", async () => {
  const { runtime, presences } = meet("a", "b");
  await runtime.advance(BEAT_MS);
  const [a, b] = presences as [Presence, Presence];
  expect([a.takers, b.takers]).toEqual([
    ["a", "b"],
    ["b", "a"],
  ]);
  expect(a.others).toEqual([{ incarnation: "b", url: "http://b" }]);
  b.leave();
  expect([a.takers, b.takers, a.isAlive("b")]).toEqual([["a"], ["a"], true]);
});

test("one that is gone is dead as soon as it is asked", async () => {
  const { runtime, presences } = meet("a", "b");
  const [a, b] = presences as [Presence, Presence];
  await runtime.advance(BEAT_MS);
  b.end();
  expect(a.isAlive("b")).toBe(true);
  a.suspect("b");
  await runtime.advance(0);
  expect(a.isAlive("b")).toBe(false);
  expect(await a.findOut("never-there")).toBe(false);
});

test("one that is gone is asked by itself after two silent beats", async () => {
  const { runtime, presences } = meet("a", "b");
  const [a, b] = presences as [Presence, Presence];
  await runtime.advance(BEAT_MS);
  b.end();
  for (let beat = 0; beat < 3; beat++) await runtime.advance(BEAT_MS);
  expect(a.isAlive("b")).toBe(false);
});

test("one that stands still is dead after the silence, and lives when it is heard again", async () => {
  const { bus, runtime, presences } = meet("a", "b", "c");
  const [a] = presences as [Presence];
  await runtime.advance(BEAT_MS);
  bus.cut.add("b");
  for (let passed = 0; passed < SILENCE_MS - BEAT_MS; passed += BEAT_MS) await runtime.advance(BEAT_MS);
  expect(a.isAlive("b")).toBe(true);
  for (let beat = 0; beat < 2; beat++) await runtime.advance(BEAT_MS);
  expect([a.isAlive("b"), a.isAlive("c")]).toEqual([false, true]);
  bus.cut.clear();
  await runtime.advance(BEAT_MS);
  expect(a.isAlive("b")).toBe(true);
});

test("one that is cut off judges nobody, and serves nothing until it hears itself", async () => {
  const { bus, runtime, presences } = meet("a", "b");
  const [a] = presences as [Presence];
  await runtime.advance(BEAT_MS);
  bus.cut.add("a");
  for (let passed = 0; passed <= SILENCE_MS; passed += BEAT_MS) await runtime.advance(BEAT_MS);
  expect([a.isCutOff, a.isAlive("b")]).toEqual([true, true]);
  bus.cut.clear();
  await runtime.advance(BEAT_MS);
  expect(a.isCutOff).toBe(false);
});

test("one that is silent does not count itself as heard long before the others take it for dead", async () => {
  const { bus, runtime, presences } = meet("a", "b");
  const [a, b] = presences as [Presence, Presence];
  await runtime.advance(BEAT_MS);
  expect(a.isHeard).toBe(true);
  bus.cut.add("a");
  while (a.isHeard) await runtime.advance(BEAT_MS / 4);
  expect(b.isAlive("a")).toBe(true);
  for (let beat = 0; beat < 2; beat++) await runtime.advance(BEAT_MS / 2);
  expect(b.isAlive("a")).toBe(true);
  bus.cut.clear();
  await runtime.advance(BEAT_MS);
  expect(a.isHeard).toBe(true);
});
