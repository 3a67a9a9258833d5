/** Reads a Redis stream from its start, range by range, and checks every byte: its ids are 1-0, 2-0, … */
import { connect } from "node:net";
import { CYCLE, cycleOf } from "../messages.ts";
import { entryText, rangeCommand } from "../servers/redis-protocol.ts";
import type { LoadResult } from "./load-result.ts";

export interface RedisRangeJob {
  readonly port: number;
  readonly messageBytes: number;
  readonly messageCount: number;
}

/** @throws when a reply is not what was added. */
export function readRedis({ port, messageBytes, messageCount }: RedisRangeJob): Promise<LoadResult> {
  const payloads = cycleOf(messageBytes);
  return new Promise((resolve, reject) => {
    const startedAtMs = performance.now();
    const socket = connect(port, "127.0.0.1").setNoDelay(true);
    let read = 0;
    let expected = Buffer.alloc(0);
    let matched = 0;
    const ask = (): void => {
      const entries = payloads.map((payload, place) => entryText(read + place + 1, payload));
      expected = Buffer.from(`*${CYCLE}\r\n${entries.join("")}`);
      matched = 0;
      socket.write(rangeCommand(read, CYCLE));
    };
    socket.once("error", reject);
    socket.on("data", (piece) => {
      if (!piece.equals(expected.subarray(matched, matched + piece.length))) {
        socket.destroy(new Error(`Redis gave something else behind message ${read}`));
        return;
      }
      matched += piece.length;
      if (matched < expected.length) return;
      read += CYCLE;
      if (read < messageCount) {
        ask();
      } else {
        socket.destroy();
        resolve({ messages: read, seconds: (performance.now() - startedAtMs) / 1000 });
      }
    });
    ask();
  });
}
