/** What clients see when NATS has no room for streams, and when it has room again. */
import { describe, expect, onTestFinished, test } from "vitest";
import { fill } from "../../../faults/ballast.ts";
import { startEngineServer } from "../../../support/engine-server.ts";
import { hasNats, Nats } from "../../../support/nats.ts";

const STORE_BYTES = 8 * 2 ** 20;
const QUICK = { engineTopicsMs: 300, engineRoomMs: 50 };

describe.skipIf(!hasNats)("with NATS full", () => {
  async function start(isWatched: boolean): Promise<{ nats: Nats; url: string }> {
    const nats = await Nats.start({ storeBytes: STORE_BYTES });
    onTestFinished(() => nats.remove());
    const monitors = isWatched ? [nats.monitorUrl] : [];
    const { url, stop } = await startEngineServer(nats, { monitors }, QUICK);
    onTestFinished(stop);
    return { nats, url };
  }

  test("a server that watches the room says so before NATS does", async () => {
    const { nats, url } = await start(true);
    const publish = async (): Promise<string> => {
      const response = await fetch(`${url}/orders/payload`, { method: "POST", body: "a" });
      return `${response.status} ${await response.text()}`;
    };
    await fetch(`${url}/orders`, { method: "POST" });
    const makeRoom = await fill(nats);
    await expect.poll(publish).toMatch(/^507 .* of its room for streams .*nothing was stored/);
    await makeRoom();
    await expect.poll(publish).toMatch(/^201/);
  });

  test("publishes are refused and leave nothing, reads go on, and with room all goes on", async () => {
    const { nats, url } = await start(false);
    const ask = async (path: string, body?: string, headers = {}): Promise<string> => {
      const post = body === undefined ? {} : { method: "POST", body, headers };
      const response = await fetch(url + path, post);
      const told = response.headers.get("x-netlog-error") ?? response.headers.get("x-offset") ?? "";
      return `${response.status} ${told} ${response.ok ? await response.text() : ""}`.trim();
    };
    expect(await ask("/orders", "")).toMatch(/^201/);
    expect(await ask("/orders/scanner?id=s&persist=1&from=0", "")).toMatch(/^201/);
    for (const text of ["a", "b"]) await ask("/orders/payload", text);

    const makeRoom = await fill(nats);
    const key = { "Idempotency-Key": "k" };
    expect(await ask("/orders/payload", "c")).toBe("507 storage_full");
    expect(await ask("/orders/batch?format=lines", "d\ne")).toBe("507 storage_full");
    expect(await ask("/orders/payload", "f", key)).toBe("507 storage_full");
    expect(await ask("/others", "")).toBe("507 storage_full");
    expect(await ask("/orders/payload/1")).toBe("200 1 b");
    expect(await ask("/orders/batch?from=0&format=lines")).toBe("200 0 a\nb");
    expect(await ask("/orders/scan?id=s")).toBe("200 0 a");

    await makeRoom();
    await expect.poll(() => ask("/orders/payload", "f", key)).toBe("201 2");
    expect(await ask("/orders/payload", "f", key)).toBe("201 2");
    expect(await ask("/orders/payload", "g")).toBe("201 3");
    expect(await ask("/orders/batch?from=0&format=lines")).toBe("200 0 a\nb\nf\ng");
    expect(await ask("/orders/scan?id=s")).toBe("200 1 b");
    // The claim that was refused has shown the topic to all servers, which look for it again.
    await expect.poll(() => ask("/others", "")).toMatch(/^201/);
  });
});
