/** What is taken for an event, byte by byte, against the library that clients use. */
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { anyPack, TimestampSchema, timestampFromMs } from "@bufbuild/protobuf/wkt";
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  checkEvent,
  cutEvents,
  EventFlaw,
  joinEvents,
  listedBytes,
} from "../../../../lib/views/messages/event-bytes.ts";
import { CloudEventSchema } from "../../../../server/grpc/generated/api/grpc/cloudevents/cloudevent_pb.ts";
import {
  GetBatchResponseSchema,
  PutBatchRequestSchema,
} from "../../../../server/grpc/generated/api/grpc/service_pb.ts";
import { eventBytes } from "../../../support/views/messages.ts";

const FULL = eventBytes({
  id: "ид",
  source: "s",
  specVersion: "1.0",
  type: "t",
  attributes: {
    subject: { attr: { case: "ceString", value: "Yoda" } },
    time: { attr: { case: "ceTimestamp", value: timestampFromMs(1_688_426_450_520) } },
    count: { attr: { case: "ceInteger", value: -1 } },
  },
  data: { case: "protoData", value: anyPack(TimestampSchema, timestampFromMs(1)) },
});

test("finds the id of an event, wherever it stands, and the last one of several", () => {
  expect(checkEvent(FULL)).toBe("ид");
  expect(
    checkEvent(
      Buffer.concat([eventBytes({ source: "s" }), eventBytes({ id: "a" }), eventBytes({ id: "b" })]),
    ),
  ).toBe("b");
  expect(checkEvent(Buffer.alloc(0))).toBe("");
});

test("takes fields of numbers that it does not know, of each type but a group", () => {
  const unknown = Buffer.from(
    "9806" + "01" + "9906" + "0102030405060708" + "9a06" + "0161" + "9d06" + "01020304",
    "hex",
  );
  expect(checkEvent(Buffer.concat([FULL, unknown]))).toBe("ид");
  expect(() => checkEvent(Buffer.concat([FULL, Buffer.from("9b069c06", "hex")]))).toThrow(EventFlaw);
});

test.each([
  ["that ends within a field", FULL.subarray(0, FULL.length - 1)],
  ["that ends within a number", Buffer.from("0a", "hex")],
  ["with a number of 11 bytes", Buffer.from(`98${"ff".repeat(10)}01`, "hex")],
  ["with a length beyond its end", Buffer.from("0affffffff0f61", "hex")],
  ["with field 0", Buffer.from("0000", "hex")],
  ["with a text that is no UTF-8", Buffer.from("0a01ff", "hex")],
  ["whose id is a number", Buffer.from("0801", "hex")],
  ["whose attribute is cut off within it", Buffer.from("2a040a05616263", "hex")],
])("refuses an event %s", (_, bytes) => {
  expect(() => checkEvent(bytes)).toThrow(EventFlaw);
});

test("refuses whatever a client's library could not decode, and takes what it makes", () => {
  const bytes = fc.uint8Array({ maxLength: 40 });
  fc.assert(
    fc.property(
      fc.oneof(
        bytes,
        bytes.map((more) => Buffer.concat([FULL, more])),
      ),
      (given) => {
        let id: string;
        try {
          id = checkEvent(Buffer.from(given));
        } catch (error) {
          expect(error).toBeInstanceOf(EventFlaw);
          return;
        }
        expect(fromBinary(CloudEventSchema, given).id).toBe(id);
      },
    ),
  );
  fc.assert(
    fc.property(fc.string(), fc.string(), fc.uint8Array(), (id, source, value) => {
      const event = eventBytes({ id, source, data: { case: "binaryData", value } });
      expect(checkEvent(event)).toBe(Buffer.from(id).toString());
    }),
  );
});

test("more fields than any event needs are refused before they hold the server up, however they lie", () => {
  const field = Buffer.from("7801", "hex");
  const many = Buffer.alloc(2 * 100_001, field);
  expect(checkEvent(Buffer.concat([eventBytes({ id: "a" }), many.subarray(4)]))).toBe("a");
  expect(() => checkEvent(many)).toThrow("there are more than 100000 fields");
  const attribute = Buffer.concat([Buffer.from("2ac29a0c", "hex"), many]);
  expect(() => checkEvent(attribute)).toThrow("there are more than 100000 fields");
  expect(() => cutEvents(many, 10)).toThrow("there are more than 100000 fields");
  expect(() => cutEvents(joinEvents([many.subarray(100_000), many.subarray(100_000)]), 10)).toThrow(
    EventFlaw,
  );
  // What is not stored anyway is not looked at.
  expect(cutEvents(Buffer.concat([joinEvents([FULL]), many]), 1)).toHaveLength(1);
});

test("a list is cut into the bytes that were sent, and joined as the library does", () => {
  const events = [eventBytes({ id: "a" }), eventBytes({ id: "b", source: "x".repeat(300) }), FULL];
  const sent = Buffer.from(
    toBinary(
      PutBatchRequestSchema,
      create(PutBatchRequestSchema, { msgs: events.map((bytes) => fromBinary(CloudEventSchema, bytes)) }),
    ),
  );
  const cut = cutEvents(sent, 10);
  expect(cut.map(({ id }) => id)).toEqual(["a", "b", "ид"]);
  expect(cut.map(({ bytes }) => bytes)).toEqual(events);
  expect(cutEvents(sent, 2)).toHaveLength(2);
  const joined = joinEvents(events);
  expect(joined).toEqual(sent);
  expect(joined.length).toBe(events.reduce((sum, { length }) => sum + listedBytes(length), 0));
  expect(fromBinary(GetBatchResponseSchema, joined).msgs).toHaveLength(3);
});
