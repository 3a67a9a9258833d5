/**
 * A program: one client that publishes a small message, waits for the answer, and after 10 ms publishes the next one.
 * Arguments: URL of the server, token, seconds; then it sends what it has met to its parent. It takes any certificate.
 */
import { Agent as PlainAgent, request as plainRequest } from "node:http";
import { Agent as SecureAgent, request as secureRequest } from "node:https";
import { setTimeout as delay } from "node:timers/promises";

export interface HonestReport {
  /** How long each publish took, sorted by size. */
  readonly latenciesMs: readonly number[];
  /** Answers that are not 201. */
  readonly refused: readonly string[];
}

const [url = "", token = "", seconds] = process.argv.slice(2);
const isSecure = url.startsWith("https:");
const options = { keepAlive: true, maxSockets: 1 };
const agent = isSecure ? new SecureAgent({ ...options, rejectUnauthorized: false }) : new PlainAgent(options);

function publish(): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}` };
    const request = isSecure ? secureRequest : plainRequest;
    const outgoing = request(`${url}/honest/payload`, { method: "POST", agent, headers }, (incoming) => {
      let text = `${incoming.statusCode} `;
      incoming.setEncoding("latin1").on("data", (piece) => {
        text += piece;
      });
      incoming.on("end", () => resolve(text));
    });
    outgoing.on("error", reject);
    outgoing.end("an honest message");
  });
}

const latenciesMs: number[] = [];
const refused: string[] = [];
const endMs = performance.now() + Number(seconds) * 1000;
while (performance.now() < endMs) {
  const startMs = performance.now();
  const answer = await publish();
  latenciesMs.push(performance.now() - startMs);
  if (!answer.startsWith("201 ")) refused.push(answer);
  await delay(10);
}
latenciesMs.sort((a, b) => a - b);
process.send?.({ latenciesMs, refused } satisfies HonestReport);
process.disconnect();
