/** A port that a server of a test can have again after it was killed. */
import { once } from "node:events";
import { createServer } from "node:net";

/** Below those that Linux gives to connections, so that none of them takes the port while its server is down. */
const FIRST_PORT = 12_000;
const PORT_COUNT = 2500;
/** Each process of a test run takes ports of its own, so that none has the port of a server of another one that is down. */
const SHARES = 8;
const OWN_FIRST_PORT = FIRST_PORT + (Number(process.env.VITEST_POOL_ID ?? 0) % SHARES) * PORT_COUNT;
const MAX_TRIES = 100;

const given = new Set<number>();

/** A port of loopback that nobody listens on, and that was not given before by this process. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const port = OWN_FIRST_PORT + Math.floor(Math.random() * PORT_COUNT);
    if (given.has(port) || !(await isFree(port))) continue;
    given.add(port);
    return port;
  }
  throw new Error("no port is free");
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, "127.0.0.1");
  try {
    await once(server, "listening");
  } catch {
    return false;
  }
  server.close();
  await once(server, "close");
  return true;
}
