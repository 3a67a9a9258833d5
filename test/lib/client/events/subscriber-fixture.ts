/** A subscriber of a server in the test's own process: real requests, and a clock for its waits that the test moves. */
import { onTestFinished } from "vitest";
import {
  type AnyEvents,
  EventSubscriber,
  type EventSubscriberOptions,
  type EventWarning,
  type Handler,
  type StoredEvent,
} from "../../../../lib/client/events/index.ts";
import { NetlogClient, type Topic } from "../../../../lib/client/index.ts";
import { serverForTest } from "../../../server/server-fixture.ts";
import { within } from "../../../support/deadline.ts";
import { ManualRuntime } from "../../../support/manual-runtime.ts";

export interface Run {
  readonly subscriber: Pick<EventSubscriber, "run" | "stats">;
  readonly stop: AbortController;
  /** Resolves when it has ended, in either way. */
  readonly ended: Promise<unknown>;
}

export class SubscriberFixture {
  readonly client: NetlogClient;
  readonly topic: Topic;
  readonly manual: ManualRuntime = new ManualRuntime();
  readonly warnings: EventWarning[] = [];
  /** `type@offset` of each call of the handler. */
  readonly calls: string[] = [];
  /** What handlers of this type do, in place of nothing. */
  readonly does: Map<string, () => Promise<void> | void> = new Map();
  /** Requests, as `GET /t/batch`. */
  readonly asked: string[] = [];
  /** What is answered in place of the server's answer, or thrown. */
  instead: ((asked: string) => Response | Error | undefined | Promise<undefined>) | undefined;

  constructor(url: string) {
    this.client = new NetlogClient(url, {
      retry: false,
      fetch: async (input, init) => {
        const { pathname, search } = new URL(String(input));
        const asked = `${init?.method} ${pathname}`;
        this.asked.push(`${asked}${search}`);
        const answer = await this.instead?.(asked);
        if (answer instanceof Error) throw answer;
        return answer ?? (await fetch(input, init));
      },
    });
    this.topic = this.client.topic("t");
  }

  /** Publishes an event of each type, and nothing else. */
  async tell(...types: string[]): Promise<void> {
    for (const type of types) {
      const event = { id: `id-${type}`, type, occurred_at: "2026-01-01T00:00:00.000Z", data: null };
      await this.topic.publish(JSON.stringify(event));
    }
  }

  /** With a format of its own it has handlers of its own, too. */
  subscriber<Stored = StoredEvent, Field extends string = "type">(
    options: Partial<EventSubscriberOptions<AnyEvents, Stored, Field>> = {},
  ): EventSubscriber<AnyEvents, Stored, Field> {
    const handle: Handler<StoredEvent> = (event) => this.handle(event);
    return new EventSubscriber<AnyEvents, Stored, Field>(this.client, {
      topic: "t",
      name: "billing",
      handlers: handle as Handler<unknown>,
      onWarning: (warning) => this.warnings.push(warning),
      runtime: {
        now: () => this.manual.now(),
        setTimer: (delayMs, fire) => this.manual.setTimer(delayMs, fire),
        random: () => 0.5,
      },
      ...options,
    });
  }

  async handle({ type, offset }: StoredEvent): Promise<void> {
    this.calls.push(`${type}@${offset}`);
    await this.does.get(type)?.();
  }

  /** Running until the test is over. */
  run<Stored = StoredEvent, Field extends string = "type">(
    options: Partial<EventSubscriberOptions<AnyEvents, Stored, Field>> = {},
  ): Run {
    const subscriber = this.subscriber(options);
    const stop = new AbortController();
    const ended = subscriber.run({ signal: stop.signal }).catch((error: unknown) => error);
    onTestFinished(() => stop.abort());
    return { subscriber, stop, ended };
  }

  async end({ stop, ended }: Run): Promise<unknown> {
    stop.abort();
    return await within("the end of the run", ended);
  }

  /** Resolves as soon as it is so. */
  async until(label: string, isSo: () => boolean): Promise<void> {
    let isLate = false;
    const waiting = async (): Promise<void> => {
      while (!isSo() && !isLate) await this.manual.turn();
    };
    await within(`${label}; calls were ${this.calls.join()}`, waiting()).finally(() => {
      isLate = true;
    });
  }

  /** Resolves when handlers were called so often. */
  async called(count: number): Promise<void> {
    await this.until(`${count} calls`, () => this.calls.length >= count);
  }

  /** Resolves when it waits for a time to come; moves the clock to it. */
  async waitOver(ms: number): Promise<void> {
    await this.until(`a wait of ${ms} ms`, () => this.manual.timerCount > 0);
    await this.manual.advance(ms - 1);
    if (this.manual.timerCount === 0) throw new Error(`the wait is shorter than ${ms} ms`);
    await this.manual.advance(1);
  }

  /** The place that the server keeps for `billing`. */
  async place(): Promise<number> {
    return (await this.topic.scanner("billing").info()).next;
  }
}

export async function subscriberForTest(): Promise<SubscriberFixture> {
  const { server } = await serverForTest();
  const fixture = new SubscriberFixture(server.url);
  await fixture.topic.create();
  return fixture;
}

/** A promise that the test resolves. */
export function gateForTest(): { readonly opened: Promise<void>; open(): void } {
  let open = (): void => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}
