/** A log that takes events in the test's own memory, and is away when the test says so. */

import type { EventPublisherOptions, EventWarning } from "../../../../lib/client/events/index.ts";
import { EventPublisher } from "../../../../lib/client/events/index.ts";
import type { NetlogClient } from "../../../../lib/client/index.ts";
import {
  type Asked,
  brokenOff,
  notListening,
  published,
  refused,
  Script,
  silence,
} from "../scripted-fetch.ts";

/** `lost` takes an event, and its answer is lost; `missing` has no topic until it is created. */
export type Mood = "here" | "away" | "silent" | "lost" | "missing" | Response;

export class FakeLog {
  /** Types of the events that are stored, in order. */
  readonly stored: string[] = [];
  /** The same whole. */
  readonly events: { id: string; type: string; occurred_at: string; data: unknown }[] = [];
  readonly warnings: EventWarning[] = [];
  mood: Mood = "here";
  /** By idempotency key. */
  readonly #offsets = new Map<string | null, number>();
  readonly script: Script = new Script((asked) => this.#answer(asked));

  client(): NetlogClient {
    return this.script.client();
  }

  publisher(options: EventPublisherOptions = {}): EventPublisher {
    let ids = 0;
    return new EventPublisher(this.client(), "t", {
      runtime: this.script.runtime,
      randomId: () => `id-${ids++}`,
      onWarning: (warning) => this.warnings.push(warning),
      ...options,
    });
  }

  /** Lets what was begun happen, so much time pass, and what follows from it happen. */
  async pass(ms: number): Promise<void> {
    const stepMs = 100;
    await this.settled();
    for (let passed = 0; passed < ms; passed += stepMs) {
      await this.script.manual.advance(Math.min(stepMs, ms - passed));
      await this.settled();
    }
  }

  /** Resolves when nothing happens any more without time passing. */
  async settled(): Promise<void> {
    for (let turns = 0, asked = -1; turns < 5; turns++) {
      if (asked !== this.script.asked.length) turns = 0;
      asked = this.script.asked.length;
      await this.script.manual.turn();
    }
  }

  #answer(asked: Asked): Response | Promise<Response> {
    const { mood } = this;
    if (mood instanceof Response) return mood.clone();
    if (mood === "away") throw notListening();
    if (mood === "silent") return silence(asked);
    if (mood === "missing") {
      if (asked.target !== "/t") return refused(404, "topic_not_found");
      this.mood = "here";
      return new Response(null, { status: 201 });
    }
    const key = asked.headers.get("Idempotency-Key");
    const there = this.#offsets.get(key);
    if (there !== undefined) return published(there);
    const event = JSON.parse(Buffer.from(asked.body as Uint8Array).toString()) as FakeLog["events"][number];
    this.events.push(event);
    this.stored.push(event.type);
    this.#offsets.set(key, this.stored.length - 1);
    if (mood === "lost") throw brokenOff();
    return published(this.stored.length - 1);
  }
}
