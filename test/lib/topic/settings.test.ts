import { describe, expect, expectTypeOf, it } from "vitest";
import type { TopicSettings as ClientSettings } from "../../../lib/client/index.ts";
import { isNetlogError, LIMITS, type NetlogError } from "../../../lib/index.ts";
import { DEFAULT_SETTINGS, type TopicSettings } from "../../../lib/topic/setting-table.ts";
import { logLimitsOf, resolveSettings } from "../../../lib/topic/settings.ts";

function resolve(given: unknown) {
  return resolveSettings(given, DEFAULT_SETTINGS, LIMITS);
}

function refusal(given: unknown): NetlogError {
  try {
    resolve(given);
  } catch (error) {
    if (isNetlogError(error)) return error;
  }
  throw new Error(`was not refused: ${JSON.stringify(given)}`);
}

describe("settings of a topic", () => {
  it("have the same types for the client library as for the engine", () => {
    expectTypeOf<ClientSettings>().toEqualTypeOf<TopicSettings>();
  });

  it("are the defaults where nothing is given", () => {
    expect(resolve(undefined)).toEqual(DEFAULT_SETTINGS);
    expect(resolve({})).toEqual(DEFAULT_SETTINGS);
  });

  it("take each field that is given", () => {
    const given = {
      segment_age: "2month",
      segment_size: 1024,
      batch_num_messages: 7,
      batch_interval: "200ms",
      compression_type: 3,
      durability: "written",
      sync_interval: "5s",
      retention_size: 4096,
      idempotency_window: "1h0m0s",
    };
    expect(resolve(given)).toEqual(given);
  });

  it("take zero for the server's default", () => {
    const defaults = resolve({
      segment_age: "1day",
      segment_size: 4096,
      batch_num_messages: 5,
      batch_interval: "1s",
      compression_type: 2,
      durability: "written",
      sync_interval: "2s",
      retention_size: 9999,
      idempotency_window: "20m0s",
    });
    const zeros = {
      segment_age: "0",
      segment_size: 0,
      batch_num_messages: 0,
      batch_interval: "0s",
      compression_type: 0,
      durability: "",
      sync_interval: "",
      retention_size: 0,
      idempotency_window: "",
    };
    expect(resolveSettings(zeros, defaults, LIMITS)).toEqual(defaults);
  });

  it("keep durations in canonical form", () => {
    expect(resolve({ segment_age: "1week" }).segment_age).toBe("7day");
    expect(resolve({ segment_age: "90m" }).segment_age).toBe("1h30m0s");
  });

  it("serve NetLog's buffered as written", () => {
    expect(resolve({ durability: "buffered" }).durability).toBe("written");
  });

  it.each([
    [{ segment_age: 5 }, "segment_age"],
    [{ segment_age: "soon" }, "segment_age"],
    [{ segment_age: null }, "segment_age"],
    [{ segment_size: "1024" }, "segment_size"],
    [{ segment_size: 1023 }, "segment_size"],
    [{ segment_size: 2 ** 31 + 1 }, "segment_size"],
    [{ segment_size: 2000.5 }, "segment_size"],
    [{ segment_size: -1 }, "segment_size"],
    [{ segment_size: null }, "segment_size"],
    [{ batch_num_messages: 65_537 }, "batch_num_messages"],
    [{ batch_num_messages: true }, "batch_num_messages"],
    [{ batch_interval: "2day" }, "batch_interval"],
    [{ compression_type: "gzip" }, "compression_type"],
    [{ compression_type: 1.5 }, "compression_type"],
    [{ durability: "fast" }, "durability"],
    [{ durability: 1 }, "durability"],
    [{ sync_interval: "25h" }, "sync_interval"],
    [{ retention_size: -5 }, "retention_size"],
    [{ retention_size: 2 ** 53 }, "retention_size"],
  ])("refuse %j as a bad request that names the field and the value", (given, name) => {
    const error = refusal(given);
    expect(error.code).toBe("bad_request");
    expect(error.reason).toContain(name);
    expect(error.reason).toContain(JSON.stringify(Object.values(given)[0]));
  });

  it.each([4, 9, -1])("refuse the unknown compression type %j with its own code", (type) => {
    const error = refusal({ compression_type: type });
    expect(error.code).toBe("invalid_compression_type");
    expect(error.reason).toContain("2 (gzip)");
  });

  it("refuse unknown fields by name", () => {
    expect(refusal({ segment_sise: 5 })).toMatchObject({ code: "bad_request" });
    expect(refusal({ segment_sise: 5 }).reason).toContain('"segment_sise"');
    expect(refusal(JSON.parse('{"__proto__": 5}')).reason).toContain("__proto__");
  });

  it.each([[[]], [null], ["text"], [5]])("refuse %j, which is no object", (given) => {
    expect(refusal(given).code).toBe("bad_request");
  });

  it("quote at most the beginning of a long value", () => {
    expect(refusal({ durability: "x".repeat(10_000) }).reason!.length).toBeLessThan(200);
  });

  it("tell the log its limits", () => {
    expect(logLimitsOf(resolve({ segment_age: "1day", sync_interval: "10us" }))).toEqual({
      segmentSizeBytes: 1024 ** 3,
      segmentAgeMs: 86_400_000,
      retentionSizeBytes: 0,
      durability: "synced",
      syncIntervalMs: 1,
    });
  });
});
