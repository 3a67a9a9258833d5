/** A Netlog on the memory disk with a clock of its own, for tests of the topic layer. */
import type { Disk } from "../../lib/disk/disk.ts";
import {
  type Delivery,
  FileStorage,
  LIMITS,
  type Limits,
  type Logger,
  Netlog,
  type NetlogOptions,
  type Topic,
} from "../../lib/index.ts";
import { inlineOffload } from "../../lib/message/compression.ts";
import { ManualRuntime } from "./manual-runtime.ts";
import { MemoryDisk } from "./memory-disk.ts";

export const DATA_FOLDER = "/data";

export interface LogLine {
  readonly level: keyof Logger;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly message: string;
}

/** A logger that keeps its lines. */
export class LineLogger implements Logger {
  readonly lines: LogLine[] = [];

  readonly trace: Logger["trace"] = this.#keep("trace");
  readonly debug: Logger["debug"] = this.#keep("debug");
  readonly info: Logger["info"] = this.#keep("info");
  readonly warn: Logger["warn"] = this.#keep("warn");
  readonly error: Logger["error"] = this.#keep("error");

  /** Lines of this level, or of all. */
  messages(level?: keyof Logger): string[] {
    return this.lines
      .filter((line) => level === undefined || line.level === level)
      .map((line) => line.message);
  }

  #keep(level: keyof Logger): (fields: object, message: string) => void {
    return (fields, message) => this.lines.push({ level, fields: { ...fields }, message });
  }
}

export interface NetlogFixture {
  readonly disk: MemoryDisk;
  readonly runtime: ManualRuntime;
  readonly logger: LineLogger;
  readonly netlog: Netlog;
}

export interface FixtureOptions
  extends Partial<Omit<NetlogOptions, "openStorage" | "runtime" | "logger" | "limits">> {
  readonly folder?: string;
  /** An earlier disk and its clock, to open what is there. */
  readonly disk?: MemoryDisk;
  readonly runtime?: ManualRuntime;
  readonly limits?: Partial<Limits>;
  /** Wraps the disk that Netlog sees, to make it fail. */
  readonly seen?: (disk: MemoryDisk) => Disk;
}

export async function openNetlog(options: FixtureOptions = {}): Promise<NetlogFixture> {
  const { runtime = new ManualRuntime(), folder = DATA_FOLDER } = options;
  const disk = options.disk ?? new MemoryDisk({ now: () => runtime.now() });
  const logger = new LineLogger();
  const surroundings = { runtime, logger, limits: { ...LIMITS, ...options.limits } };
  const netlog = await Netlog.open({
    offload: inlineOffload,
    ...options,
    ...surroundings,
    openStorage: () => FileStorage.open({ ...surroundings, folder, disk: options.seen?.(disk) ?? disk }),
  });
  return { disk, runtime, logger, netlog };
}

/** Publishes texts one after the other; returns their offsets. */
export async function publishAll(topic: Pick<Topic, "publish">, texts: readonly string[]): Promise<number[]> {
  const offsets: number[] = [];
  for (const text of texts) offsets.push((await topic.publish({ payload: Buffer.from(text) })).offset);
  return offsets;
}

/** Publishes texts in one turn; returns their offsets. */
export async function publishTogether(
  topic: Pick<Topic, "publish">,
  texts: readonly string[],
): Promise<number[]> {
  const published = await Promise.all(texts.map((text) => topic.publish({ payload: Buffer.from(text) })));
  return published.map(({ offset }) => offset);
}

/** `m0`, `m1`, and so on. */
export function texts(count: number, from = 0): string[] {
  return Array.from({ length: count }, (_, i) => `m${from + i}`);
}

/** Offset and text of a delivery; `undefined` for a scan that was cancelled. */
export function told(delivery: Delivery | undefined): [number, string] | undefined {
  if (delivery === undefined) return undefined;
  return [delivery.message.offset, delivery.message.payload.toString()];
}
