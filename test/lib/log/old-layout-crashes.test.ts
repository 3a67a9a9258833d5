/**
 * The power goes while a log of the old layout is opened for the first time, and once more while it is opened again:
 * what was synced before and since is there, at its offset.
 */
import { expect, it } from "vitest";
import type { Log } from "../../../lib/log/index.ts";
import { SparseIndex } from "../../../lib/log/sparse-index.ts";
import { entry, LOG_FOLDER, openFixture, readAll, texts } from "../../support/log-fixture.ts";
import { ManualRuntime } from "../../support/manual-runtime.ts";
import { MemoryDisk } from "../../support/memory-disk.ts";
import { OLD_SEGMENT_HEADER_BYTES, oldDataFile, plainFramesOf } from "../../support/old-layout.ts";
import { seededRandom } from "../../support/seeded-random.ts";

const SEEDS = 2;
const LIVES = 3;
/** More operations than an opening has. */
const OPERATIONS_MAX = 200;
const FIRST = "00000000000000000000";
const SECOND = "00000000000000000003";

const runtime = new ManualRuntime();

function oldFrames(count: number, from = 0): Buffer {
  const entries = texts(count, from).map((text) => Buffer.from(text));
  return plainFramesOf(entries, from, runtime.now());
}

/** The index that a clean stop leaves with so many messages. */
function oldIndex(count: number): Buffer {
  const index = new SparseIndex(0, 4096);
  if (count > 0) index.add(0, OLD_SEGMENT_HEADER_BYTES, runtime.now());
  return index.encode({
    dataPosition: OLD_SEGMENT_HEADER_BYTES + oldFrames(count).length,
    endOffset: count,
    lastTimestampMs: count > 0 ? runtime.now() : 0,
    mask: undefined,
  });
}

const threeMessages = oldDataFile(1, oldFrames(3));
const noMessage = oldDataFile(1, Buffer.alloc(0));

/** A disk on which the power goes at operation `first` of the log, and again `second` operations later. */
class FailingPower {
  disk: MemoryDisk;
  hasFailed = false;
  readonly #random: () => number;
  readonly #failures: number[];
  #operations: number | undefined;
  #next: MemoryDisk | undefined;

  constructor(first: number, second: number, seed: number) {
    this.#failures = [first, first + second];
    this.#random = seededRandom(seed);
    this.disk = new MemoryDisk({ now: () => runtime.now(), schedule: () => this.#count() });
  }

  begin(): void {
    this.#operations = 0;
  }

  end(): void {
    this.#operations = undefined;
  }

  /** Runs `life` until the power goes, at the latest when it is over. */
  async live(life: () => Promise<void>): Promise<void> {
    try {
      await life();
    } catch (error) {
      if (this.#next === undefined) throw error;
    }
    this.disk = this.#next ?? this.disk.crashPower(this.#random);
    this.#next = undefined;
  }

  async #count(): Promise<void> {
    if (this.#operations === undefined) return;
    this.#operations++;
    if (this.#next !== undefined || !this.#failures.includes(this.#operations)) return;
    this.hasFailed = true;
    this.#next = this.disk.crashPower(this.#random);
  }
}

async function appendOne(log: Log, acknowledged: Map<number, string>): Promise<void> {
  const text = `new ${acknowledged.size}`;
  const { baseOffset } = (await log.append([entry(text)])[0])!;
  expect(acknowledged.has(baseOffset)).toBe(false);
  acknowledged.set(baseOffset, text);
}

it.each([
  ["no message", 0, { [`${FIRST}.data`]: noMessage }],
  ["no message and an index", 0, { [`${FIRST}.data`]: noMessage, [`${FIRST}.index`]: oldIndex(0) }],
  ["a torn first message", 0, { [`${FIRST}.data`]: threeMessages.subarray(0, 60) }],
  ["messages and an index", 3, { [`${FIRST}.data`]: threeMessages, [`${FIRST}.index`]: oldIndex(3) }],
  ["messages and a torn one", 2, { [`${FIRST}.data`]: threeMessages.subarray(0, -5) }],
  [
    "messages, and a second file with a torn first message",
    3,
    { [`${FIRST}.data`]: threeMessages, [`${SECOND}.data`]: oldDataFile(1, oldFrames(1, 3)).subarray(0, 50) },
  ],
])("a log of the old layout with %s", async (_, syncedCount, files) => {
  for (let seed = 0; seed < SEEDS; seed++) {
    for (let first = 1; first < OPERATIONS_MAX; first++) {
      const power = new FailingPower(first, 1 + ((seed + first) % 23), seed * OPERATIONS_MAX + first);
      await power.disk.makeFolder(LOG_FOLDER);
      await power.disk.syncFolder("/data");
      for (const [name, bytes] of Object.entries(files)) {
        power.disk.replaceBytes(`${LOG_FOLDER}/${name}`, bytes);
      }
      const acknowledged = new Map<number, string>();
      power.begin();
      for (let life = 0; life < LIVES; life++) {
        await power.live(async () => {
          const { log } = await openFixture(power.disk, runtime);
          await appendOne(log, acknowledged);
        });
      }
      power.end();
      const { log } = await openFixture(power.disk, runtime);
      const found = await readAll(log);
      const place = `seed ${seed}, operation ${first}`;
      for (const [i, text] of texts(syncedCount).entries()) expect(found.get(i), place).toBe(text);
      for (const [offset, text] of acknowledged) expect(found.get(offset), place).toBe(text);
      if (!power.hasFailed) break;
    }
  }
});
