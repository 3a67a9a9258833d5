import { expect, test } from "vitest";
import { LoopShare } from "../../../lib/base/loop-share.ts";
import { within } from "../../support/deadline.ts";

/** A loop whose turns the test takes, and a clock that each piece of work moves. */
class Loop {
  nowMs = 0;
  readonly #turns: (() => void)[] = [];
  readonly share = new LoopShare(
    () => this.nowMs,
    (run) => this.#turns.push(run),
  );
  /** Names of pieces, in the order in which they were done; "|" ends a turn. */
  readonly done: string[] = [];

  get isIdle(): boolean {
    return this.#turns.length === 0;
  }

  async work(name: string, pieces: number, pieceMs: number, comingBytes = 0): Promise<void> {
    for (let piece = 0; piece < pieces; piece++) {
      await this.share.pause(comingBytes);
      this.nowMs += pieceMs;
      this.done.push(name);
    }
  }

  async turn(): Promise<void> {
    for (const run of this.#turns.splice(0)) run();
    await new Promise((resolve) => setImmediate(resolve));
    this.done.push("|");
  }
}

test("long work of many goes on in turns, a few ms of it in each turn of the loop", async () => {
  const loop = new Loop();
  const works = ["a", "b", "c", "d"].map((name) => loop.work(name, 2, 3));
  while (!loop.isIdle) await loop.turn();
  await within("all work", Promise.all(works));
  expect(loop.done.join("")).toBe("ab|cd|ab|cd|");
});

test("a piece that takes long by itself is alone in its turn", async () => {
  const loop = new Loop();
  const works = [loop.work("a", 2, 30), loop.work("b", 2, 1)];
  while (!loop.isIdle) await loop.turn();
  await within("all work", Promise.all(works));
  expect(loop.done.join("")).toBe("a|ba|b|");
});

test("what connections bring later in a turn counts in it", async () => {
  const loop = new Loop();
  const MIB = 1024 * 1024;
  const works = ["a", "b", "c"].map((name) => loop.work(name, 1, 0, MIB));
  works.push(loop.work("d", 1, 0));
  while (!loop.isIdle) await loop.turn();
  await within("all work", Promise.all(works));
  expect(loop.done.join("")).toBe("ab|cd|");
});

test("a turn that is to be short has one piece, and the next one its whole share", async () => {
  const loop = new Loop();
  const works = ["a", "b", "c", "d"].map((name) => loop.work(name, 1, 1));
  loop.share.shorten();
  while (!loop.isIdle) await loop.turn();
  await within("all work", Promise.all(works));
  expect(loop.done.join("")).toBe("a|bcd|");
});

test("short pieces share a turn, each once", async () => {
  const loop = new Loop();
  const works = ["a", "b", "c"].map((name) => loop.work(name, 3, 0));
  while (!loop.isIdle) await loop.turn();
  await within("all work", Promise.all(works));
  expect(loop.done.join("")).toBe("abc|abc|abc|");
});
