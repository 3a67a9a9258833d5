import { describe, expect, it } from "vitest";
import { LogOutput } from "../../../cmd/serve/log-output.ts";
import { ManualRuntime } from "../../support/manual-runtime.ts";

const WAITING_BYTES = 40;

/** A system that takes what the test lets it, and an output in front of it. */
function outputInFrontOf(system: { takes: number; error?: string }) {
  let text = "";
  const runtime = new ManualRuntime();
  const output = new LogOutput({
    write: (bytes) => {
      if (system.takes === 0) throw Object.assign(new Error("no room"), { code: system.error ?? "EAGAIN" });
      const taken = Math.min(system.takes, bytes.length);
      system.takes -= taken;
      text += Buffer.from(bytes.subarray(0, taken)).toString();
      return taken;
    },
    gapLine: (count) => `-- ${count} missing\n`,
    runtime,
    waitingBytes: WAITING_BYTES,
  });
  return { output, runtime, written: () => text };
}

describe("the log's output", () => {
  it("writes a line before the call returns", () => {
    const { output, written } = outputInFrontOf({ takes: 1000 });
    output.write("one\n");
    expect(written()).toBe("one\n");
  });

  for (const error of ["EAGAIN", "ENOSPC", "EPIPE"]) {
    it(`keeps what ${error} refuses within its bound, and brings it in order, the gap where it belongs`, async () => {
      const system = { takes: 2, error };
      const { output, runtime, written } = outputInFrontOf(system);
      for (let line = 0; line < 10; line += 1) output.write(`line ${line}...\n`);
      expect(written()).toBe("li");
      expect(output.droppedCount).toBe(6);
      system.takes = 1000;
      await runtime.advance(100);
      output.write("after\n");
      expect(written()).toBe("line 0...\nline 1...\nline 2...\nline 3...\n-- 6 missing\nafter\n");
      expect(runtime.timerCount).toBe(0);
    });
  }

  it("drops all lines until those before the gap are taken", () => {
    const system = { takes: 0 };
    const { output, written } = outputInFrontOf(system);
    output.write(`${"x".repeat(WAITING_BYTES)}\n`);
    output.write("dropped\n");
    system.takes = 10;
    output.write("dropped too\n");
    system.takes = 1000;
    output.write("after\n");
    expect(written()).toBe(`${"x".repeat(WAITING_BYTES)}\n-- 2 missing\nafter\n`);
  });

  it("counts a gap anew where the gap line itself is not taken whole", async () => {
    const system = { takes: 0 };
    const { output, runtime, written } = outputInFrontOf(system);
    output.write(`${"x".repeat(WAITING_BYTES)}\n`);
    output.write("dropped\n");
    system.takes = WAITING_BYTES + 1 + 3;
    await runtime.advance(100);
    for (let line = 0; line < 5; line += 1) output.write("0123456789\n");
    expect(output.droppedCount).toBe(4);
    system.takes = 1000;
    await runtime.advance(100);
    expect(written().split("\n").slice(1)).toEqual([
      "-- 1 missing",
      "0123456789",
      "0123456789",
      "-- 3 missing",
      "",
    ]);
  });

  it("drains what waits for a slow reader, gives up after a while, and at once where it is refused", async () => {
    const slow = { takes: 0 };
    const { output, written } = outputInFrontOf(slow);
    output.write("last\n");
    setImmediate(() => {
      slow.takes = 1000;
    });
    await output.drain(60_000);
    expect(written()).toBe("last\n");

    const stalled = outputInFrontOf({ takes: 0 });
    stalled.output.write("last\n");
    await stalled.output.drain(30);
    const refused = outputInFrontOf({ takes: 0, error: "ENOSPC" });
    refused.output.write("last\n");
    await refused.output.drain(Number.POSITIVE_INFINITY);
    expect(stalled.written() + refused.written()).toBe("");
  });
});
