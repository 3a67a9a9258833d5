/** A topic with a scanner that has acknowledgements, and short words for what tests do with it. */
import type { Delivery, Scanner, ScannerRequest, Topic, WorkResult } from "../../lib/index.ts";
import { within } from "./deadline.ts";
import {
  type FixtureOptions,
  type NetlogFixture,
  openNetlog,
  publishTogether,
  texts,
} from "./netlog-fixture.ts";

export interface WorkFixture extends NetlogFixture {
  readonly topic: Topic;
  readonly scanner: Scanner;
}

/** Topic `t` with messages `m0`, `m1`, …, and scanner `w` from the first on. */
export async function openWork(
  messageCount: number,
  request: ScannerRequest = {},
  options: FixtureOptions = {},
  settings: object = {},
): Promise<WorkFixture> {
  const fixture = await openNetlog(options);
  const topic = await fixture.netlog.createTopic("t", settings);
  if (messageCount > 0) await publishTogether(topic, texts(messageCount));
  const { scanner } = await topic.findOrCreateScanner({ id: "w", ack: "explicit", from: 0, ...request });
  return { ...fixture, topic, scanner };
}

/** The same topic and scanner on another disk, which an earlier one left. */
export async function reopenWork(
  disk: NetlogFixture["disk"],
  { runtime }: NetlogFixture,
  options: FixtureOptions = {},
): Promise<WorkFixture> {
  const fixture = await openNetlog({ ...options, disk, runtime });
  const topic = fixture.netlog.topic("t");
  return { ...fixture, topic, scanner: topic.scanner("w") };
}

/** What a scan gives at once, handed over; `undefined` at the end of the topic. */
export async function lease(scanner: Scanner): Promise<Delivery | undefined> {
  try {
    const delivery = await within("a scan that does not wait", scanner.scan({ waitMs: 0 }));
    delivery?.settle(true);
    return delivery;
  } catch (error) {
    if (error instanceof Error && error.message === "end of topic") return undefined;
    throw error;
  }
}

/** Offsets and delivery counts of all that scans give at once, at most `max`. */
export async function leaseAll(scanner: Scanner, max = 1000): Promise<[offset: number, delivery: number][]> {
  const given: [number, number][] = [];
  while (given.length < max) {
    const delivery = await lease(scanner);
    if (delivery === undefined) break;
    given.push([delivery.message.offset, delivery.message.delivery ?? 0]);
  }
  return given;
}

export function ack(scanner: Scanner, offsets: number[], token?: string): Promise<WorkResult> {
  return within("an ack", scanner.work.ack({ offsets, lease: token }));
}

export function nack(scanner: Scanner, offsets: number[], delayMs = 0, isDead = false): Promise<WorkResult> {
  return within("a nack", scanner.work.nack({ offsets, lease: undefined }, delayMs, isDead));
}

/** Payloads of a topic, in order. */
export async function payloadsOf(topic: Topic): Promise<string[]> {
  const { first_offset, latest_offset } = await topic.info();
  const payloads: string[] = [];
  for (let offset = first_offset; offset <= latest_offset; offset++) {
    payloads.push((await topic.message(offset)).payload.toString());
  }
  return payloads;
}
