/** What the client writes out a second time is what the server has. */
import { gunzipSync } from "node:zlib";
import { describe, expect, expectTypeOf, onTestFinished, test, vi } from "vitest";
import {
  BATCH_BYTES,
  BATCH_MESSAGES,
  encodeBatch,
  MESSAGE_HEADER_BYTES,
} from "../../../lib/client/batch-encoding.ts";
import { CLIENT_ERROR_CODES, SERVER_ERROR_CODES } from "../../../lib/client/errors.ts";
import type * as wire from "../../../lib/client/index.ts";
import { LIMITS, type ScannerDescription, type TopicInfo, type TopicSettings } from "../../../lib/index.ts";
import { encodeMessage, MESSAGE_HEADER_BYTES as SERVER_HEADER_BYTES } from "../../../lib/message/message.ts";
import type { Finding } from "../../../lib/topic/integrity.ts";
import { ERROR_TABLE } from "../../../server/wire/errors.ts";

test("the client knows every error code of the server, and has none of the same name", () => {
  expect([...SERVER_ERROR_CODES].sort()).toEqual(Object.keys(ERROR_TABLE).sort());
  expect(CLIENT_ERROR_CODES.filter((code) => code in ERROR_TABLE)).toEqual([]);
});

test("the limits of a batch are the server's", () => {
  expect(BATCH_BYTES).toBe(LIMITS.batchBytes);
  expect(BATCH_MESSAGES).toBe(LIMITS.batchMessages);
});

describe("a batch", () => {
  const payloads = ["one", "grün", "\0\xff", "x".repeat(3000)].map((text) => Buffer.from(text));
  const messages = Buffer.concat(payloads.map((payload) => encodeMessage(payload)));

  test("is byte for byte the server's messages", () => {
    expect(MESSAGE_HEADER_BYTES).toBe(SERVER_HEADER_BYTES);
    expect(Buffer.from(encodeBatch(payloads, "none"))).toEqual(messages);
    expect(encodeBatch([], "gzip")).toHaveLength(0);
  });

  test.each(["with Node", "without Node"])(
    "gzipped %s is a set of the server's messages, always the same",
    (where) => {
      if (where === "without Node") vi.spyOn(process, "getBuiltinModule").mockReturnValue(undefined);
      onTestFinished(() => void vi.restoreAllMocks());
      const set = Buffer.from(encodeBatch(payloads, "gzip"));
      const packed = set.subarray(MESSAGE_HEADER_BYTES);
      expect(gunzipSync(packed)).toEqual(messages);
      const asServerWould = encodeMessage(packed);
      asServerWould[0] = 2;
      expect(set).toEqual(asServerWould);
      expect(Buffer.from(encodeBatch(payloads, "gzip"))).toEqual(set);
    },
  );
});

test("what the server tells has the types that the client gives it", () => {
  expectTypeOf<TopicSettings>().toEqualTypeOf<wire.TopicSettings>();
  expectTypeOf<TopicInfo>().toEqualTypeOf<wire.TopicInfo>();
  expectTypeOf<Finding>().toEqualTypeOf<wire.Finding>();
  expectTypeOf<ScannerDescription>().toExtend<wire.ScannerDescription>();
  expectTypeOf<keyof ScannerDescription>().toEqualTypeOf<keyof wire.ScannerDescription>();
});
