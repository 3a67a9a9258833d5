/** Events between services, `netlog/client/events`: a publisher that never blocks, a subscriber that finds its place. */

export { type CursorStore, MemoryCursor, ServerCursor } from "./cursor-store.ts";
export type { AnyEvents, EventType, NewEvent, StoredEvent } from "./event.ts";
export { EventPublisher, type EventPublisherOptions, type EventPublisherStats } from "./publisher.ts";
export {
  type EventHandler,
  type EventHandlers,
  EventSubscriber,
  type EventSubscriberOptions,
  type EventSubscriberStats,
  type HandlerContext,
  type OnGiveUp,
} from "./subscriber.ts";
export type { EventWarning, EventWarningCode, OnWarning } from "./warnings.ts";
