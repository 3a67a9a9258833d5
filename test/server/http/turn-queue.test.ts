import { expect, it } from "vitest";
import { TurnQueue } from "../../../server/http/turn-queue.ts";
import { ManualRuntime } from "../../support/manual-runtime.ts";

it("does what came in one turn at its end, in order, and what comes meanwhile in the next", async () => {
  const runtime = new ManualRuntime();
  const queue = new TurnQueue(runtime);
  const done: string[] = [];
  queue.add(() => done.push("a"));
  queue.add(() => {
    done.push("b");
    queue.add(() => done.push("d"));
  });
  queue.add(() => done.push("c"));
  expect(done).toEqual([]);
  await runtime.turn();
  expect(done).toEqual(["a", "b", "c"]);
  await runtime.turn();
  expect(done).toEqual(["a", "b", "c", "d"]);
});
