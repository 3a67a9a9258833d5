/**
 * The vocabulary of a platform of Mainflux's kind, `netlog/client/events/platform`: what happens to things, profiles,
 * groups and organisations. An entry of its own, so that other programs do not load it.
 */
import type { EventDecoder, EventEncoder } from "./event.ts";
import type { Identity, PlatformEvent, PlatformOperation } from "./platform-event.ts";
import { decodePlatformEvent, encodePlatformEvent } from "./platform-wire.ts";

export type * from "./platform-event.ts";
export { decodePlatformEvent, encodePlatformEvent, UnknownOperationError } from "./platform-wire.ts";

/** What a handler gets. */
export type StoredPlatformEvent<Operations extends PlatformOperation = PlatformOperation> =
  PlatformEvent<Operations> & {
    /** The event's own, by which a handler knows it again; absent where its publisher gave none. */
    readonly id?: string;
    /** Its place in the topic. */
    readonly offset: number;
  };

export interface PlatformEventsOptions {
  /**
   * Gives the user for whom the program acts while it publishes, in place of the event's own identity;
   * `currentIdentity` of `netlog/client/events/identity` does so. `undefined`: the event keeps its own.
   */
  readonly actingUser?: (() => Identity | undefined) | undefined;
}

/** Beside Mainflux's keys, which know no id of the event itself: `id` is the action's subject. */
const ID_KEY = "evt_id";

/**
 * The format of a platform's events, for publishers and subscribers: one JSON object of texts a message. A subscriber
 * passes over operations that are none of the ten, with a warning.
 *
 * @example
 * import { EventPublisher } from "netlog/client/events";
 * import { platformEvents } from "netlog/client/events/platform";
 *
 * const events = new EventPublisher(netlog, "mainflux.things", { format: platformEvents() });
 * events.publish({ operation: "thing.remove", action: { id: "t-1" }, orgId: "o-1", groupId: "g-1" });
 * await events.close();
 * const message = await netlog.topic("mainflux.things").read("last");
 * console.log(message.json<{ evt_org_id: string }>().evt_org_id); // o-1
 */
export function platformEvents({
  actingUser,
}: PlatformEventsOptions = {}): EventEncoder<PlatformEvent> & EventDecoder<StoredPlatformEvent, "operation"> {
  return {
    encode(event, id, nowMs) {
      const identity = actingUser?.() ?? event.identity;
      const occurredAt = event.occurredAt ?? new Date(nowMs).toISOString();
      const fields = encodePlatformEvent({ ...event, identity, occurredAt });
      return new TextEncoder().encode(JSON.stringify({ ...fields, [ID_KEY]: id }));
    },
    decode(message) {
      const fields = message.json<unknown>();
      if (typeof fields !== "object" || fields === null) throw new TypeError("it is no JSON object");
      const { [ID_KEY]: id } = fields as { [ID_KEY]?: unknown };
      const own = typeof id === "string" && id !== "" ? { id } : {};
      return { ...decodePlatformEvent(fields as Record<string, unknown>), ...own, offset: message.offset };
    },
    typeField: "operation",
  };
}
