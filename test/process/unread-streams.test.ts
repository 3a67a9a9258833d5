import { existsSync, readFileSync } from "node:fs";
import { expect, onTestFinished, test } from "vitest";
import { RawConnection } from "../contract/raw.ts";
import { type BuiltServer, builtServerForTest } from "../support/built-program.ts";
import { within } from "../support/deadline.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const MIB = 1024 * 1024;
const MESSAGE_BYTES = 8 * MIB;
const PIECE_BYTES = MIB / 2;
/** Strings and buffers that wait for the collector. */
const GARBAGE_BYTES = 64 * MIB;
/** Rendering for 200 readers takes ten times as long, in one go; a piece takes a hundredth. Other processes take time, too. */
const LONG_HOLD = '"2"';

/** The most memory that a process has had so far. */
function peakBytes(pid: number): number {
  const [, kib] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return Number(kib) * 1024;
}

/** How often the event loop was held for long. */
async function longHolds({ url }: BuiltServer): Promise<number> {
  const text = await (await fetch(`${url}/-/metrics`)).text();
  const upTo = (bound: string): number => {
    const line = new RegExp(
      `^netlog_loop_hold_seconds_bucket\\{le=${bound.replace("+", "\\+")}\\} (\\d+)$`,
      "m",
    );
    return Number(line.exec(text)?.[1]);
  };
  return upTo('"+Inf"') - upTo(LONG_HOLD);
}

/** Resolves when no stream writes any more: each scrape waits behind what they have to do. */
async function idle(server: BuiltServer): Promise<void> {
  let last = -1;
  for (let quiet = 0; quiet < 10; quiet++) {
    const bytes = await server.metric("netlog_bytes_out_total");
    if (bytes !== last) quiet = 0;
    last = bytes;
  }
}

test.each([
  [20, "ndjson"],
  [200, "ndjson"],
  [60, "sse"],
  [60, "lines"],
])(
  "%i readers of one large message that take nothing cost what is promised, as %s",
  async (count, format) => {
    const server = await builtServerForTest(temporaryFolder());
    const post = (path: string, body: Buffer | null) =>
      fetch(`${server.url}${path}`, { method: "POST", body });
    await post("/t", null);
    await post("/t/payload", Buffer.alloc(MESSAGE_BYTES, 'text of "some" kind, é'));
    await post("/t/payload", Buffer.from("so that the large one is read from the disk"));
    const path = `/t/stream?from=0&format=${format}`;
    // What it takes to read and write the first time is not what counts here.
    await (await fetch(`${server.url}${path}&follow=0`)).arrayBuffer();
    const before = existsSync("/proc/self/status") ? peakBytes(server.pid) : undefined;
    const holdsBefore = await longHolds(server);

    for (let reader = 0; reader < count; reader++) {
      const connection = await RawConnection.open(server.url);
      onTestFinished(() => connection.leave());
      connection.pause();
      connection.send(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    }
    const answered = new RegExp(
      `^netlog_http_requests_total\\{route="/:topic/stream",method="GET",status="200"\\} ${count + 1}$`,
      "m",
    );
    const answers = async (): Promise<boolean> =>
      answered.test(await (await fetch(`${server.url}/-/metrics`)).text());
    await expect.poll(answers).toBe(true);
    await within("the streams' rest", idle(server));

    const held = await server.metric("netlog_bytes_in_flight");
    expect(held).toBeGreaterThan(MESSAGE_BYTES);
    expect(held).toBeLessThan(MESSAGE_BYTES + count * PIECE_BYTES + MIB);
    expect(await longHolds(server)).toBe(holdsBefore);
    if (before === undefined) return;
    const allowed = MESSAGE_BYTES + count * PIECE_BYTES + GARBAGE_BYTES;
    expect(peakBytes(server.pid) - before).toBeLessThan(allowed);
  },
);
