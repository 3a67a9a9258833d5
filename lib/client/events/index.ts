/** Events between services, `netlog/client/events`: a publisher that never blocks, a subscriber that finds its place. */

export { type CursorStore, MemoryCursor, ServerCursor } from "./cursor-store.ts";
export type {
  AnyEvents,
  EventDecoder,
  EventEncoder,
  EventType,
  NewEvent,
  StoredEvent,
} from "./event.ts";
export type {
  EventHandler,
  EventHandlers,
  EventSubscriberStats,
  Handler,
  HandlerContext,
  Handlers,
  OnGiveUp,
} from "./handling.ts";
export { EventPublisher, type EventPublisherOptions, type EventPublisherStats } from "./publisher.ts";
export { EventSubscriber, type EventSubscriberOptions } from "./subscriber.ts";
export type { EventWarning, EventWarningCode, OnWarning } from "./warnings.ts";
