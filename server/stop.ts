/** Ends a server without breaking off what is under way. */
import type { Server } from "node:http";
import type { ServerContext } from "./exchange.ts";

/** How often connections that have no request, or none any more, are looked for: one may just be on its way. */
const SWEEP_MS = 50;

/** Resolves when all connections are closed. */
export async function stopServer(server: Server, context: ServerContext, graceMs: number): Promise<void> {
  const { netlog, runtime, connections } = context;
  context.isStopping = true;
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve());
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
  sweepTimer.cancel();
  cutTimer.cancel();
}
