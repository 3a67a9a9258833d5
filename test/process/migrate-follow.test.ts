/** `netlog migrate --follow` beside a server that goes away and comes back. */
import { expect, it } from "vitest";
import { programForTest, startBuiltServer } from "../support/built-program.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

it("goes on when its server was away, though nothing but time keeps the process", async () => {
  const folder = temporaryFolder();
  const serve = (listen: string) => startBuiltServer(folder, ["--listen", listen]);
  const server = await serve("127.0.0.1:0");
  const { url, port } = server;
  await fetch(`${url}/orders`, { method: "POST" });
  // With --back it is the server that tells all: NATS is not asked before the rest is taken.
  const args = ["--back", "--follow", "--server", url, "--engine", "nats://127.0.0.1:1"];
  const migrate = programForTest(["migrate", ...args, "--dir", `${temporaryFolder()}/back`]);
  await migrate.printed(/^ahead: 1 topic, 0 messages/m);
  await server.kill();
  await migrate.printed(/takes the rest/);
  const again = await serve(`127.0.0.1:${port}`);
  await fetch(`${url}/orders/payload`, { method: "POST", body: "a" });
  await migrate.printed(/^ahead: 1 topic, 1 message;/m);
  migrate.signal("SIGINT");
  expect((await migrate.ended()).status).toBe(0);
  await again.stop();
});
