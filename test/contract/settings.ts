/** The settings that a topic is created with: what is taken, how it is printed, what is refused and in which words. */
import { describe, expect, it } from "vitest";
import type { UseApi } from "./contract.ts";
import { expectError } from "./expect-error.ts";

const DEFAULTS = {
  segment_age: "30day",
  segment_size: 1_073_741_824,
  batch_num_messages: 100,
  batch_interval: "0s",
  compression_type: 1,
  durability: "synced",
  sync_interval: "1s",
  retention_size: 0,
  idempotency_window: "10m0s",
};

export function settingsContract(use: UseApi): void {
  async function settingsOf(body: string | Buffer, contentType?: string): Promise<unknown> {
    const name = use().freshName();
    const headers = contentType === undefined ? {} : { "content-type": contentType };
    const reply = await use().post(`/${name}`, body, { headers });
    expect(reply.status, reply.text).toBe(201);
    return ((await use().get(`/${name}`)).json as { settings: unknown }).settings;
  }

  describe("settings", () => {
    it("are the server's where none are given", async () => {
      for (const body of ["", "{}", " \r\n\t{ } \n", "  \n"])
        expect(await settingsOf(body)).toEqual(DEFAULTS);
    });

    it("are the server's where they are zero or empty", async () => {
      const zeros = { segment_age: "0", segment_size: 0, batch_num_messages: 0, batch_interval: "0s" };
      const more = { compression_type: 0, durability: "", sync_interval: "", retention_size: 0 };
      expect(await settingsOf(JSON.stringify({ ...zeros, ...more }))).toEqual(DEFAULTS);
    });

    it("are taken as given, and told in the same words", async () => {
      const settings = {
        segment_age: "2month23day2h3m0.5s",
        segment_size: 2048,
        batch_num_messages: 7,
        batch_interval: "250ms",
        compression_type: 3,
        durability: "written",
        sync_interval: "2s",
        retention_size: 1_000_000,
        idempotency_window: "1h0m0s",
      };
      expect(await settingsOf(JSON.stringify(settings))).toEqual(settings);
    });

    it.each([
      ["90s", "1m30s"],
      ["1week", "7day"],
      ["2days", "2day"],
      ["36h", "36h0m0s"],
      ["1.5h", "1h30m0s"],
      ["1year2month", "1year2month"],
      ["1500us", "1.5ms"],
    ])("print durations in one form: %s as %s", async (given, printed) => {
      expect(await settingsOf(JSON.stringify({ segment_age: given }))).toMatchObject({
        segment_age: printed,
      });
    });

    it("are JSON whatever the content type says", async () => {
      for (const type of [
        "application/x-www-form-urlencoded",
        "text/plain",
        "application/octet-stream",
        "x/y; z",
      ]) {
        expect(await settingsOf('{"segment_size":4096}', type)).toMatchObject({ segment_size: 4096 });
      }
    });

    it("take NetLog's word buffered for written", async () => {
      expect(await settingsOf('{"durability":"buffered"}')).toMatchObject({ durability: "written" });
    });

    it("take both ends of segment_size", async () => {
      for (const size of [1024, 2_147_483_648]) {
        expect(await settingsOf(`{"segment_size":${size}}`)).toMatchObject({ segment_size: size });
      }
    });

    it.each([
      ["segment_age", '"soon"'],
      ["segment_age", "30"],
      ["segment_age", '"-1h"'],
      ["segment_size", '"1024"'],
      ["segment_size", "1023"],
      ["segment_size", "2147483649"],
      ["segment_size", "2048.5"],
      ["segment_size", "-1"],
      ["batch_num_messages", "true"],
      ["batch_num_messages", "-1"],
      ["batch_interval", "[]"],
      ["batch_interval", '"2day"'],
      ["compression_type", '"gzip"'],
      ["compression_type", "1.5"],
      ["durability", '"maybe"'],
      ["durability", "1"],
      ["sync_interval", "null"],
      ["retention_size", "{}"],
      ["retention_size", "-1"],
      ["segmentsize", "1024"],
      ["SEGMENT_SIZE", "1024"],
      ["__proto__", "1"],
    ])("are refused by name: %s %s", async (field, value) => {
      const name = use().freshName();
      expect(expectError(await use().post(`/${name}`, `{"${field}":${value}}`), "bad request")).toContain(
        field,
      );
      expectError(await use().get(`/${name}`), "topic not found");
    });

    it.each(["4", "-1", "99"])("know no compression type %s", async (type) => {
      const name = use().freshName();
      expectError(await use().post(`/${name}`, `{"compression_type":${type}}`), "invalid compression type");
      expectError(await use().get(`/${name}`), "topic not found");
    });

    it.each(["{", "}", '{"a"', "nul", "{}{}", "{} x", "{'a':1}", "undefined", '{"segment_size":1024,}'])(
      "are refused as malformed, without a quotation: %s",
      async (body) => {
        const name = use().freshName();
        const reason = expectError(await use().post(`/${name}`, body), "bad request");
        expect(reason).toMatch(/^the body is not JSON/);
        expectError(await use().get(`/${name}`), "topic not found");
      },
    );

    it.each(["null", "[]", "1", '"x"', "true", '[{"segment_size":1024}]'])(
      "are an object, not %s",
      async (body) => {
        expect(expectError(await use().post(`/${use().freshName()}`, body), "bad request")).toContain(
          "object",
        );
      },
    );

    it("are UTF-8", async () => {
      const body = Buffer.concat([
        Buffer.from('{"segment_age":"'),
        Buffer.from([0xff, 0xfe]),
        Buffer.from('"}'),
      ]);
      expect(expectError(await use().post(`/${use().freshName()}`, body), "bad request")).toContain("UTF-8");
    });
  });
}
