/** Ends a server without breaking off what is under way. */
import type { Server } from "node:http";
import { Server as NetServer } from "node:net";
import type { Connections } from "./connections.ts";
import type { ServerContext } from "./context.ts";

/** How often connections that have no request, or none any more, are looked for: one may just be on its way. */
const SWEEP_MS = 50;

/** Resolves when all connections are closed. */
export async function stopServer(
  server: Server,
  connections: Connections,
  context: ServerContext,
  graceMs: number,
): Promise<void> {
  const { netlog, runtime } = context;
  context.isStopping = true;
  // Not its own close, which cuts idle connections at once: a request may be on its way there, and gets an answer that
  // ends the connection.
  const closed = new Promise<void>((resolve) => {
    NetServer.prototype.close.call(server, () => resolve());
  });
  netlog.beginShutdown();
  const sweep = (): void => {
    connections.closeUnused();
    server.closeIdleConnections();
    sweepTimer = runtime.setTimer(SWEEP_MS, sweep);
  };
  let sweepTimer = runtime.setTimer(SWEEP_MS, sweep);
  const cutTimer = runtime.setTimer(graceMs, () => server.closeAllConnections());
  await closed;
  // Ends what it has running for late headers.
  server.close();
  sweepTimer.cancel();
  cutTimer.cancel();
}
