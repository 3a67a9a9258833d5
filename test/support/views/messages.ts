/** The message store in tests: events as bytes, and its subject for the suite of all views. */
import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { createMessagesView } from "../../../lib/views/messages/index.ts";
import { CloudEventSchema } from "../../../server/grpc/generated/api/grpc/cloudevents/cloudevent_pb.ts";
import type { ViewSubject } from "./subject.ts";

export const DAY_MS = 86_400_000;

export type EventInit = Exclude<MessageInitShape<typeof CloudEventSchema>, { $typeName: string }>;

export function eventBytes(event: EventInit): Buffer {
  return Buffer.from(toBinary(CloudEventSchema, create(CloudEventSchema, event)));
}

export const messagesSubject: ViewSubject = {
  createView: () => createMessagesView({ topic: "messages", retentionMs: DAY_MS }),
  topic: "messages",
  payload: (number) => eventBytes({ id: `event ${number}`, source: "test" }).toString(),
  malformed: eventBytes({ id: "", source: "test" }).toString(),
  malformedReason: "id: has 0 bytes, and may have 1 to 1024",
  clean: (beforeMs) => ({
    payload: Buffer.from(JSON.stringify({ before: beforeMs })),
    headers: [["x-meta-kind", "clean"]],
  }),
  rowsOf: (messageCount) => messageCount,
  fingerprint: async (reads) => [
    ...(await reads.query("SELECT id, log_offset, logged_ms, size_bytes FROM messages ORDER BY id")),
    ...(await reads.query("SELECT * FROM totals")),
  ],
};
