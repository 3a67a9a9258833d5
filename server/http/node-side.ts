/** One request as the files see it that read and write Node's own two objects; node-request.ts makes it. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { ServerContext } from "./context.ts";
import type { HeldMemory } from "./held-memory.ts";
import type { LeaveReason } from "./request.ts";

export interface NodeSide {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
  readonly context: ServerContext;
  readonly memory: HeldMemory;
  readonly connection: {
    readonly isSurplus: boolean;
    /** Later requests were taken up as well and are not answered yet, so that the connection must go on. */
    readonly hasOverlap: boolean;
    whileWaiting(leave: (reason: LeaveReason) => void): void;
  };
  /** The client sends its body only when told to. */
  readonly awaitsContinue: boolean;
  readonly isBodyTaken: boolean;
  onClose(act: () => void): void;
}
