/** What a body of many messages takes of the memory that all clients share, and of the event loop. */
import type { BodyMemory } from "../formats/message-body.ts";
import type { Visit } from "../http/visit.ts";
import { ClientLeft } from "../wire/errors.ts";

/** For a body that is made whole before it is sent. */
export function bodyMemory({ request, context }: Visit): BodyMemory {
  const { memory } = request;
  return {
    mayUse: (bytes) => memory.mayHold(bytes),
    shrinkTo: (bytes) => memory.shrinkTo(bytes),
    hold: (payload) => memory.shares.hold(payload),
    release: (payload) => memory.shares.release(payload),
    async pause() {
      await context.runtime.pause();
      if (request.hasLeft) throw new ClientLeft();
    },
  };
}
