/**
 * Acknowledgements under crashes, failing syncs and full disks, by seed, with calls on their way when it happens: what
 * was answered is settled for as long as the topic's durability says, and what nobody settled, or what was refused, is
 * given out again.
 */
import { expect, test } from "vitest";
import { isNetlogError } from "../../lib/index.ts";
import { FaultyDisk } from "../support/faulty-disk.ts";
import { ManualRuntime } from "../support/manual-runtime.ts";
import { MemoryDisk } from "../support/memory-disk.ts";
import { seededRandom } from "../support/seeded-random.ts";
import { leaseAll, openWork, reopenWork, type WorkFixture } from "../support/work-fixture.ts";

/** As many runs; LEASE_SEEDS sets another number. */
const SEEDS = Number(process.env.LEASE_SEEDS ?? 240);
const SEEDS_A_TEST = Math.ceil(SEEDS / 8);
const MESSAGES = 24;
const LIVES = 5;
const STEPS = 14;

/** What is known of a message. `asked`: requests to settle it that were not refused, so it may be. */
interface Known {
  asked: number;
  /** It was answered: settled for sure, after a crash of the process, or of the power too. */
  safe: "not" | "process" | "power";
  gives: number;
}

class WorkRun {
  readonly #random: () => number;
  readonly #known: Known[] = Array.from({ length: MESSAGES }, () => ({
    asked: 0,
    safe: "not",
    gives: 0,
  }));
  #fixture!: WorkFixture;
  #faulty!: FaultyDisk;
  #life = 0;
  confirmed = 0;
  refused = 0;
  crashes = 0;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
  }

  async run(): Promise<void> {
    const runtime = new ManualRuntime();
    const turns = this.#below(3);
    const schedule = async () => {
      for (let turn = 0; turn < turns; turn++) await runtime.turn();
    };
    const disk = new MemoryDisk({ now: () => runtime.now(), schedule });
    const durability = this.#isLikely(0.6) ? "synced" : "written";
    const request = { maxPending: MESSAGES + 1 };
    this.#fixture = await openWork(MESSAGES, request, { ...this.#options(), disk, runtime }, { durability });
    await this.#fixture.topic.sync();
    await this.#leaseAll();
    while (this.#life < LIVES) {
      for (let step = this.#below(STEPS); step > 0; step--) await this.#step();
      await this.#crash();
      if (this.#isLikely(0.25)) await this.#crash();
      await this.#leaseAll();
    }
  }

  #options() {
    const seen = (inner: MemoryDisk) => {
      this.#faulty = new FaultyDisk(inner);
      return this.#faulty;
    };
    return { seen, limits: { leaseJournalBytes: 300 + this.#below(600) } };
  }

  #below(end: number): number {
    return Math.floor(this.#random() * end);
  }

  #isLikely(share: number): boolean {
    return this.#random() < share;
  }

  async #step(): Promise<void> {
    const { runtime, scanner, topic } = this.#fixture;
    const offset = this.#below(MESSAGES);
    const choice = this.#below(12);
    if (choice < 5) this.#ack([offset, (offset + 1) % MESSAGES]);
    else if (choice === 5)
      this.#confirm(scanner.work.nack({ offsets: [offset], lease: undefined }, 0, false), () => {});
    else if (choice === 6) await this.#giveAgain();
    else if (choice === 7) this.#sync(topic.sync());
    else if (choice === 8) await runtime.advance(this.#below(3) * 600);
    else if (choice === 9) this.#breakSomething();
    else for (let turns = this.#below(6); turns > 0; turns--) await runtime.turn();
  }

  /** Without waiting for the answer, for as many as are settled or leased. */
  #ack(offsets: number[]): void {
    const { topic, scanner } = this.#fixture;
    const level = topic.settings.durability === "synced" ? "power" : "process";
    const known = offsets.map((offset) => this.#known[offset]!);
    for (const one of known) one.asked += 1;
    const settled = () => {
      for (const one of known) if (one.safe !== "power") one.safe = level;
    };
    const refused = () => {
      this.refused++;
      for (const one of known) one.asked -= 1;
    };
    this.#confirm(scanner.work.ack({ offsets, lease: undefined }), settled, refused);
  }

  /** What was settled when a sync of the topic was asked for is on the disk when it is answered. */
  #sync(asked: Promise<void>): void {
    const settled = this.#known.filter(({ safe }) => safe !== "not");
    this.#confirm(asked, () => {
      for (const known of settled) known.safe = "power";
    });
  }

  #confirm(asked: Promise<unknown>, note: () => void, refused: () => void = () => {}): void {
    const life = this.#life;
    asked.then(
      () => {
        if (life !== this.#life) return;
        this.confirmed++;
        note();
      },
      (error: unknown) => {
        if (life !== this.#life) return;
        if (!isNetlogError(error)) throw error;
        if (error.code !== "sync_failed") refused();
      },
    );
  }

  #breakSomething(): void {
    const code = this.#isLikely(0.5) ? "EIO" : "ENOSPC";
    const kinds = this.#isLikely(0.5) ? (["sync"] as const) : (["write", "rename", "create"] as const);
    this.#faulty.plan({ code, kinds, path: /leases/, nth: 1 + this.#below(2), lasting: this.#isLikely(0.3) });
  }

  /** What was nacked. */
  async #giveAgain(): Promise<void> {
    for (const [offset] of await leaseAll(this.#fixture.scanner)) {
      const known = this.#known[offset]!;
      expect(known.asked > 0 && known.safe !== "not", `${offset} was settled in this life`).toBe(false);
      known.gives++;
    }
  }

  async #crash(): Promise<void> {
    const { disk } = this.#fixture;
    this.#life++;
    this.crashes++;
    const isPower = this.#isLikely(0.6);
    const left = isPower ? disk.crashPower(seededRandom(this.#below(2 ** 31))) : disk.crashProcess();
    if (isPower) for (const known of this.#known) if (known.safe === "process") known.safe = "not";
    this.#fixture = await reopenWork(left, this.#fixture, this.#options());
  }

  /** After an opening: all that is not settled is given out, in order, and held against what is known. */
  async #leaseAll(): Promise<void> {
    const given = new Map(await leaseAll(this.#fixture.scanner));
    expect([...given.keys()]).toEqual([...given.keys()].sort((a, b) => a - b));
    for (const [offset, known] of this.#known.entries()) {
      const deliveries = given.get(offset);
      if (deliveries === undefined) {
        expect(known.asked, `${offset} is lost: nobody settled it, and it is not given`).toBeGreaterThan(0);
        continue;
      }
      expect(known.safe, `${offset} was settled, and is given again`).toBe("not");
      known.asked = 0;
      known.gives++;
      expect(deliveries, `deliveries of ${offset}`).toBeLessThanOrEqual(known.gives);
    }
  }
}

test.each(Array.from({ length: 8 }, (_, index) => 1 + index * SEEDS_A_TEST))(
  "settled stays settled, and the rest comes back, from seed %i on",
  async (first) => {
    let confirmed = 0;
    let refused = 0;
    for (let seed = first; seed < first + SEEDS_A_TEST; seed++) {
      const run = new WorkRun(seed);
      try {
        await run.run();
      } catch (error) {
        throw new Error(`seed ${seed}`, { cause: error });
      }
      confirmed += run.confirmed;
      refused += run.refused;
    }
    expect(confirmed).toBeGreaterThan(SEEDS_A_TEST);
    expect(refused).toBeGreaterThan(0);
  },
);
