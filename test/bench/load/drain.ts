/** Reads a topic to its end, in one answer or in one after the other, and checks every byte of it. */
import { Agent, get, type IncomingMessage } from "node:http";
import { type BodyCheck, checkFrames, checkLines, checkNdjson } from "./body-checks.ts";
import type { LoadResult } from "./load-result.ts";

export interface DrainJob {
  readonly port: number;
  /** With a query. */
  readonly path: string;
  readonly format: "frames" | "lines" | "ndjson";
  /** What the topic's messages are, again and again. */
  readonly payloads: readonly string[];
  /** Ask again `from` where the last answer ended, up to this offset; else all is in one answer. */
  readonly untilOffset: number | undefined;
}

const CHECKS = { frames: checkFrames, lines: checkLines, ndjson: checkNdjson };

/** @throws when a byte is not what was published. */
export async function drain({ port, path, format, payloads, untilOffset }: DrainJob): Promise<LoadResult> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const check = CHECKS[format](payloads);
  const startedAtMs = performance.now();
  let nextOffset = 0;
  do {
    const from = untilOffset === undefined ? "" : `&from=${nextOffset}`;
    const answer = await ask(agent, port, path + from);
    nextOffset = Number(answer.headers["x-next-offset"]);
    await checkBody(answer, check);
  } while (untilOffset !== undefined && nextOffset < untilOffset);
  agent.destroy();
  return { messages: check.end(), seconds: (performance.now() - startedAtMs) / 1000 };
}

function ask(agent: Agent, port: number, path: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const request = get({ agent, host: "127.0.0.1", port, path }, (answer) => {
      if (answer.statusCode === 200) resolve(answer);
      else reject(new Error(`${answer.statusCode} for ${path}`));
    });
    request.once("error", reject);
  });
}

function checkBody(answer: IncomingMessage, check: BodyCheck): Promise<void> {
  return new Promise((resolve, reject) => {
    answer.on("data", (piece: Buffer) => {
      try {
        check.take(piece);
      } catch (error) {
        answer.destroy(error as Error);
      }
    });
    answer.once("error", reject);
    answer.once("end", resolve);
  });
}
