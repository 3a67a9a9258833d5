/** What a body of many messages takes of the memory that all clients share, and of the event loop. */
import type { BodyMemory } from "../formats/message-body.ts";
import type { Exchange } from "../http/exchange.ts";
import { ClientLeft } from "../wire/errors.ts";

/** For a body that is made whole before it is sent. */
export function bodyMemory({ request, context }: Exchange): BodyMemory {
  const { memory } = request;
  const { occupancy } = context;
  return {
    mayUse: (bytes) => memory.mayHold(bytes),
    shrinkTo: (bytes) => memory.shrinkTo(bytes),
    hold: (payload) => occupancy.hold(payload, memory.share),
    release: (payload) => occupancy.release(payload, memory.share),
    async pause() {
      await context.runtime.pause();
      if (request.hasLeft) throw new ClientLeft();
    },
  };
}
