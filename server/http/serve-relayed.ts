/** Answers requests that other servers relay, as those that come by HTTP are answered. */
import type { Relay, Relayed } from "../../lib/index.ts";
import { accept, type Doors } from "./accept.ts";
import type { ServerContext } from "./context.ts";
import { Exchange } from "./exchange.ts";
import { requestOf } from "./relay-codec.ts";
import { RelayedRequest } from "./relayed-request.ts";
import { Shares } from "./share.ts";

export interface RelayedService {
  /** Takes no more requests, and resolves when those under way are answered, or after so long. The server is stopping. */
  stop(graceMs: number): Promise<void>;
}

export function serveRelayed(relay: Relay, context: ServerContext, doors: Doors): RelayedService {
  const { runtime } = context;
  const shares = new Shares(context.occupancy.all);
  let openCount = 0;
  let onIdle = (): void => {};
  const end = relay.receive((request, respond) => {
    context.loop.noteWork();
    const parts = requestOf(request);
    if (parts === undefined) {
      respond(undefined);
      return;
    }
    openCount += 1;
    const answered = (answer: Relayed | undefined): void => {
      openCount -= 1;
      respond(answer);
      if (openCount === 0) onIdle();
    };
    accept(doors, new Exchange(context, new RelayedRequest(context, shares, parts, answered)));
  });
  const idle = async (): Promise<void> => {
    if (openCount > 0) await new Promise<void>((resolve) => (onIdle = resolve));
  };
  return {
    async stop(graceMs) {
      const grace = new Promise<void>((resolve) => void runtime.setTimer(graceMs, resolve));
      await Promise.race([end().then(idle), grace]);
      // Answers go out at the end of the turn.
      await new Promise<void>((resolve) => runtime.endOfTurn(resolve));
    },
  };
}
