/** The one door to the message store: what server/views/messages/ may use of it. */
export { cutEvents, EventFlaw, joinEvents, type StoredEvent } from "./event-bytes.ts";
export { LIMITS } from "./limits.ts";
export { AnswerTooLarge, InvalidId, MessageStore } from "./store.ts";
export { createMessagesView } from "./view.ts";
