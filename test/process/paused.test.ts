/** The built server stopped by SIGSTOP, as a debugger or a laptop's lid does, and continued by SIGCONT. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { halfPublished, sentMessage, waitingRequest } from "../support/begun-requests.ts";
import { type BuiltServer, builtServerForTest } from "../support/built-program.ts";
import { within } from "../support/deadline.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const MEANWHILE = 20;

async function post(url: string): Promise<unknown> {
  return await (await fetch(url, { method: "POST" })).json();
}

/** Resolves when the system says that the process is stopped: a signal is sent sooner than it takes effect. */
async function stopped({ pid }: BuiltServer): Promise<void> {
  const state = () => /^State:\s+(\w)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  while (state() !== "T") await new Promise((resolve) => setImmediate(resolve));
}

test.runIf(process.platform === "linux")(
  "what was begun before it was stopped, and what came meanwhile, is answered when it goes on, once and all of it",
  async () => {
    const server = await builtServerForTest(temporaryFolder());
    const { port } = server;
    await post(`${server.url}/t`);
    const { id } = (await post(`${server.url}/t/scanner`)) as { id: string };
    const scan = await waitingRequest(port, `/t/scan?id=${id}&wait=1h`);
    const half = await halfPublished(port, "t");

    server.signal("SIGSTOP");
    await within("the stop of the process", stopped(server));
    half.socket.write("whole");
    const texts = Array.from({ length: MEANWHILE }, (_, n) => `meanwhile ${n}`);
    const sent = await Promise.all(texts.map((text) => sentMessage(port, "t", text)));
    let answers = 0;
    const all = [half, ...sent].map(async ({ answer }) => {
      await answer;
      answers++;
    });
    expect(answers).toBe(0);
    server.signal("SIGCONT");
    await within("all answers", Promise.all(all));

    const published = new Map<number, string>();
    for (const [index, text] of ["half whole", ...texts].entries()) {
      const answer = await [half, ...sent][index]!.answer;
      expect(answer).toMatch(/^HTTP\/1\.1 201 /);
      published.set(Number(/^x-offset: (\d+)\r$/im.exec(answer)![1]), text);
    }
    const [head, first] = (await within("the scan that waited", scan.answer)).split("\r\n\r\n");
    expect(head).toMatch(/^HTTP\/1\.1 200 .*^x-offset: 0$/ims);
    const given = [first];
    for (;;) {
      const reply = await fetch(`${server.url}/t/scan?id=${id}`);
      const text = await reply.text();
      if (reply.status === 404) break;
      expect(reply.headers.get("x-offset")).toBe(String(given.length));
      given.push(text);
    }
    expect(given).toEqual(Array.from({ length: MEANWHILE + 1 }, (_, offset) => published.get(offset)));
    expect((await server.stop()).status).toBe(0);
  },
);
