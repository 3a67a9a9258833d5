/**
 * What a simulated Netlog runs in: a memory disk that can be slow, stall, fail, fill up and crash, and a clock. One
 * seed decides everything; where nothing is left to do, that is known, without waiting for time to pass.
 */
import { createHash } from "node:crypto";
import { FileStorage, LIMITS, Netlog, silentLogger } from "../../lib/index.ts";
import { inlineOffload } from "../../lib/message/compression.ts";
import { FaultyDisk, type OperationKind } from "../support/faulty-disk.ts";
import { ManualRuntime } from "../support/manual-runtime.ts";
import { MemoryDisk } from "../support/memory-disk.ts";
import { seededRandom } from "../support/seeded-random.ts";
import type { Crash, Setup } from "./plan.ts";

/** How often nothing may happen in a row before nothing will: ends of turn follow each other. */
const QUIET_TURNS = 4;
const MONITOR_INTERVAL_MS = 1000;

/** What happened, line by line. */
export class Story {
  readonly lines: string[] = [];
  readonly #isKept: boolean;

  constructor(isKept: boolean) {
    this.#isKept = isKept;
  }

  tell(line: () => string): void {
    if (this.#isKept) this.lines.push(line());
  }

  get digest(): string {
    return createHash("sha256").update(this.lines.join("\n")).digest("hex");
  }
}

/** Tells the story of each operation, those included that no schedule sees. */
class ToldDisk extends FaultyDisk {
  readonly #story: Story;

  constructor(inner: MemoryDisk, story: Story) {
    super(inner);
    this.#story = story;
  }

  override faultFor(kind: OperationKind, path: string): ReturnType<FaultyDisk["faultFor"]> {
    const fault = super.faultFor(kind, path);
    this.#story.tell(() => `    ${kind} ${path}${fault === undefined ? "" : ` FAILS with ${fault.code}`}`);
    return fault;
  }
}

/** Counts pauses: who pauses goes on by itself. */
class WatchedRuntime extends ManualRuntime {
  pauses = 0;

  override pause(): Promise<void> {
    this.pauses++;
    return super.pause();
  }
}

export class World {
  readonly story: Story;
  readonly #setup: Setup;
  readonly #random: () => number;
  runtime: WatchedRuntime;
  #disk: MemoryDisk;
  disk: ToldDisk;
  /** Counts the processes that lived; what a dead one still does is nobody's business. */
  life = 0;
  crashes = 0;
  /** Something failed, or could, in this life: calls may be refused. */
  hasTrouble = false;
  /** The clock went back at some time. */
  wentBack = false;
  #untilStall: number | undefined;
  #stalled: (() => void)[] = [];
  /** Disk operations that are only slow. */
  #slow = 0;
  #activity = 0;

  constructor(setup: Setup, story: Story) {
    this.#setup = setup;
    this.story = story;
    this.#random = seededRandom(setup.seed);
    this.runtime = new WatchedRuntime({ seed: 0 });
    this.#disk = new MemoryDisk({
      now: () => this.runtime.now(),
      schedule: (operation) => this.#gate(operation),
    });
    this.disk = new ToldDisk(this.#disk, story);
  }

  get isStalled(): boolean {
    return this.#untilStall === 0;
  }

  async open(): Promise<Netlog> {
    const { tailBytes, openFiles } = this.#setup;
    const surroundings = {
      runtime: this.runtime,
      logger: silentLogger,
      limits: {
        ...LIMITS,
        tailBytes,
        openFiles,
        openScannerFiles: openFiles,
        indexIntervalBytes: 300,
        indexCheckpointBytes: 2000,
        stateCheckpointAppends: 3,
        blockBytes: 4096,
        scannerSyncMs: 100,
      },
    };
    return await Netlog.open({
      ...surroundings,
      openStorage: () => FileStorage.open({ ...surroundings, folder: "/data", disk: this.disk }),
      monitorIntervalMs: MONITOR_INTERVAL_MS,
      offload: inlineOffload,
    });
  }

  /** The process, or the power with it, is gone; the disk is as it is found afterwards, and works. */
  crash({ level, seed }: Crash): void {
    this.story.tell(() => `  ${level} crash`);
    this.crashes++;
    this.#nextLife(level === "power" ? this.#disk.crashPower(seededRandom(seed)) : this.#disk.crashProcess());
    this.story.tell(() => this.#content());
  }

  /** After a clean stop: a new process on the same disk. */
  restart(): void {
    this.story.tell(() => "  stopped and started again");
    this.#nextLife(this.#disk.crashProcess());
  }

  fill(): void {
    this.hasTrouble = true;
    this.#disk.capacityBytes = 0;
  }

  /** There is room, and nothing fails from now on. */
  clear(): void {
    this.#disk.capacityBytes = Number.POSITIVE_INFINITY;
    this.disk.plan();
  }

  /** Names in the data folder, of folders that hold a file. */
  folders(): ReadonlySet<string> {
    const parts = this.#disk.paths().map((path) => path.split("/"));
    return new Set(parts.filter(({ length }) => length > 3).map(([, , name]) => name!));
  }

  stall(after: number): void {
    this.#untilStall = after;
  }

  resume(): void {
    this.#untilStall = undefined;
    for (const release of this.#stalled.splice(0)) release();
  }

  /** True when `promise` has settled, false when all is quiet and it has not. */
  async settles(promise: Promise<unknown>): Promise<boolean> {
    let isSettled = false;
    const note = () => {
      isSettled = true;
    };
    promise.then(note, note);
    let quiet = 0;
    const activity = (): number => this.#activity + this.runtime.pauses;
    for (let seen = activity(); !isSettled && quiet < QUIET_TURNS; ) {
      await this.runtime.turn();
      quiet = this.#slow === 0 && seen === activity() ? quiet + 1 : 0;
      seen = activity();
    }
    return isSettled;
  }

  /** Resolves when nothing happens any more of itself. */
  async quiet(): Promise<void> {
    await this.settles(new Promise(() => {}));
  }

  #nextLife(disk: MemoryDisk): void {
    this.#disk = disk;
    this.disk = new ToldDisk(disk, this.story);
    this.runtime = new WatchedRuntime({ nowMs: this.runtime.now(), seed: ++this.life });
    this.hasTrouble = false;
    this.#stalled = [];
    this.#untilStall = undefined;
    this.clear();
  }

  async #gate(operation: string): Promise<void> {
    this.#activity++;
    if (this.#untilStall === 0) {
      this.story.tell(() => `    stalled: ${operation}`);
      await new Promise<void>((resolve) => this.#stalled.push(resolve));
    } else if (this.#untilStall !== undefined) {
      this.#untilStall--;
    }
    const turns = Math.floor(this.#random() * (this.#setup.slownessTurns + 1));
    if (turns === 0) return;
    this.#slow++;
    for (let turn = 0; turn < turns; turn++) await this.runtime.turn();
    this.#slow--;
  }

  #content(): string {
    const sizes = this.#disk.paths().map((path) => {
      const bytes = this.#disk.bytesOf(path);
      return `${path}: ${bytes.length} bytes, ${createHash("sha256").update(bytes).digest("hex").slice(0, 8)}`;
    });
    return `    ${sizes.join("\n    ")}`;
  }
}
