/** Connections to a Redis that send the same commands again and again, all of a pipeline at once. */
import { connect } from "node:net";
import { Latencies } from "./latencies.ts";
import type { LoadResult } from "./load-result.ts";

export interface RedisJob {
  readonly port: number;
  readonly connections: number;
  /** XADD commands in Redis' own protocol, and how many they are. */
  readonly commands: Uint8Array;
  readonly commandCount: number;
  readonly durationMs: number;
}

const LINE_END = 10;
const BULK_STRING = 0x24;
/** `$15`, then the id of the new entry. */
const LINES_A_REPLY = 2;

export async function pipelineRedis(job: RedisJob): Promise<LoadResult> {
  const latencies = new Latencies();
  const startedAtMs = performance.now();
  let pipelines = 0;
  const goesOn = (): boolean => {
    pipelines += 1;
    return performance.now() - startedAtMs < job.durationMs;
  };
  await Promise.all(Array.from({ length: job.connections }, () => pipelineOne(job, latencies, goesOn)));
  const seconds = (performance.now() - startedAtMs) / 1000;
  return { messages: pipelines * job.commandCount, seconds, ...latencies.percentiles() };
}

function pipelineOne(job: RedisJob, latencies: Latencies, goesOn: () => boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(job.port, "127.0.0.1").setNoDelay(true);
    const replies = new ReplyCounter(job.commandCount);
    let sentAtMs = performance.now();
    socket.once("error", reject);
    socket.on("data", (bytes) => {
      try {
        if (!replies.take(bytes)) return;
      } catch (error) {
        socket.destroy(error as Error);
        return;
      }
      latencies.add(performance.now() - sentAtMs);
      if (goesOn()) {
        sentAtMs = performance.now();
        socket.write(job.commands);
      } else {
        socket.destroy();
        resolve();
      }
    });
    socket.write(job.commands);
  });
}

/** Counts replies, and refuses what is no id. */
class ReplyCounter {
  readonly #count: number;
  #lines = 0;
  #isAtStart = true;

  constructor(count: number) {
    this.#count = count;
  }

  /** True when the last reply of the pipeline is there. */
  take(bytes: Buffer): boolean {
    for (let at = 0; at < bytes.length; ) {
      if (this.#isAtStart && this.#lines % LINES_A_REPLY === 0 && bytes[at] !== BULK_STRING) {
        throw new Error(`Redis refused a command: ${bytes.toString("latin1", at, at + 100)}`);
      }
      const end = bytes.indexOf(LINE_END, at);
      this.#isAtStart = end >= 0;
      if (end < 0) break;
      this.#lines += 1;
      at = end + 1;
    }
    if (this.#lines < this.#count * LINES_A_REPLY) return false;
    this.#lines = 0;
    return true;
  }
}
