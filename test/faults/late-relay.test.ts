import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { within } from "../support/deadline.ts";
import { freePort } from "../support/free-port.ts";
import { LateRelay } from "../support/late-relay.ts";

const HERE = { address: "127.0.0.1", under: [] };
const LATE_MS = 150;

/** What the server sends back until it has so many bytes, and how long that took. */
async function echoed(client: Socket, text: string): Promise<{ text: string; ms: number }> {
  const sentMs = performance.now();
  client.write(text);
  let back = "";
  while (back.length < text.length) back += String((await within("an echo", once(client, "data")))[0]);
  return { text: back, ms: performance.now() - sentMs };
}

test.each(["answers", "both"] as const)("a relay holds %s back, and keeps their order", async (late) => {
  const server = createServer((socket) => socket.pipe(socket)).listen(0, HERE.address);
  onTestFinished(() => void server.close());
  await once(server, "listening");
  const port = await freePort();
  const { port: target } = server.address() as AddressInfo;
  const relay = await LateRelay.start(HERE, [{ port, target, late }]);
  onTestFinished(() => relay.end());
  const client = connect(port, HERE.address);
  onTestFinished(() => void client.destroy());
  expect((await echoed(client, "at once")).text).toBe("at once");

  await relay.delay(LATE_MS);
  const { ms } = await echoed(client, "late");
  // A timer may fire a millisecond early.
  expect(ms).toBeGreaterThan((late === "both" ? 2 : 1) * LATE_MS - 5);
  client.write("1 ");
  await relay.delay(0);
  expect((await echoed(client, "2 3 4")).text).toMatch(/^1 2 3/);

  client.end();
  await within("the end to come through", once(client, "close"));
});
