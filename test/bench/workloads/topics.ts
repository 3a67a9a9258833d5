/** Topics that are full before the measuring begins. */
import { call } from "../bench.ts";
import { binaryCycle, CYCLE } from "../messages.ts";
import type { Progress } from "../progress.ts";
import type { ServerProcess } from "../servers/server-process.ts";

export interface Filling {
  readonly topic: string;
  readonly messageBytes: number;
  readonly messageCount: number;
}

/** A topic of whole cycles of messages, each a batch, and so a frame. */
export async function fillTopic(
  server: ServerProcess,
  { topic, messageBytes, messageCount }: Filling,
  progress: Progress,
): Promise<void> {
  await call(server, `/${topic}`, JSON.stringify({ durability: "written" }));
  const batch = new Uint8Array(binaryCycle(messageBytes));
  const batches = messageCount / CYCLE;
  for (let sent = 0; sent < batches; sent++) {
    if (sent % 500 === 0) progress.show(`filling a topic: ${sent * CYCLE} of ${messageCount} messages`);
    await call(server, `/${topic}/batch?format=messages`, batch);
  }
}

/** Creates a scanner of that name, from the first message on. */
export async function createScanner(
  server: ServerProcess,
  topic: string,
  id: string,
  from = "0",
): Promise<void> {
  await call(server, `/${topic}/scanner?id=${id}&from=${from}`, "");
}
