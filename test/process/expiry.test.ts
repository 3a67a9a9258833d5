/** The built server, killed right after it said that a topic is gone because its time was over. */
import { readdirSync } from "node:fs";
import { expect, test } from "vitest";
import { startBuiltServer } from "../support/built-program.ts";
import { within } from "../support/deadline.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const DEADLINE_MS = 20_000;

/** Asks until the topic is gone: the built server has a clock of its own. */
async function gone(url: string): Promise<void> {
  const signal = AbortSignal.timeout(DEADLINE_MS);
  for (;;) {
    const answer = await fetch(url, { signal });
    await answer.arrayBuffer();
    if (answer.status === 404) return;
  }
}

test("a topic that expired is gone after a kill, for a ttl and for expires_at, scanners or not", async () => {
  const folder = temporaryFolder();
  for (const kind of ["ttl", "expires_at"]) {
    const server = await startBuiltServer(folder);
    const settings =
      kind === "ttl" ? { ttl: "1s" } : { expires_at: new Date(Date.now() + 1500).toISOString() };
    const made = await fetch(`${server.url}/t`, { method: "POST", body: JSON.stringify(settings) });
    expect(made.status, await made.text()).toBe(201);
    await fetch(`${server.url}/t/payload`, { method: "POST", body: "a" });
    const scanner = await fetch(`${server.url}/t/scanner?id=s&persist=1`, { method: "POST" });
    expect(scanner.status).toBe(201);
    await within("the end of the topic", gone(`${server.url}/t`));
    await server.kill();
    expect(readdirSync(folder)).not.toContain("t");
    const again = await startBuiltServer(folder);
    expect((await fetch(`${again.url}/t`)).status).toBe(404);
    expect(await (await fetch(`${again.url}/`)).json()).toEqual([]);
    await again.kill();
  }
});
