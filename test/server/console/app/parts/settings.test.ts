import { expect, it } from "vitest";
import { scannerSpecs, settingSpecs } from "../../../../../server/console/app/parts/setting-specs.ts";
import {
  boundsText,
  defaultText,
  parseBytes,
  settingsToSend,
  wrongWith,
} from "../../../../../server/console/app/parts/setting-values.ts";
import { ROUTES } from "../../../../../server/netlog/routes.ts";
import { openApiDocument } from "../../../../../server/openapi/document.ts";

const document = openApiDocument("1.0.0", ROUTES);
const settings = settingSpecs(document);
const scanner = scannerSpecs(document);
const of = (name: string) => [...settings, ...scanner].find((spec) => spec.name === name)!;

it("has every setting of the server, with its bounds and default", () => {
  expect(settings.length).toBe(12);
  expect(boundsText(of("segment_size"))).toBe("1.0 KiB to 2.0 GiB");
  expect(defaultText(of("segment_size"))).toBe("1.0 GiB");
  expect(boundsText(of("retention_size"))).toBe("1 B or more");
  expect(defaultText(of("retention_size"))).toBe("no limit");
  expect(boundsText(of("ttl"))).toBe("1s or more");
  expect(boundsText(of("sync_interval"))).toBe("up to 1day");
  expect(of("compression_type").choices.map(({ word }) => word)).toEqual(["none", "gzip", "snappy"]);
  expect(of("durability").choices.map(({ value }) => value)).toEqual(["synced", "written"]);
  expect(of("content_type").isFixed).toBe(true);
});

it("has what a scanner is made with, without its id", () => {
  expect(scanner.map(({ name }) => name)).not.toContain("id");
  expect(boundsText(of("ack_wait"))).toBe("100ms to 1day");
  expect(boundsText(of("max_pending"))).toBe("1 to 100,000");
  expect(of("persist").choices).toEqual([{ value: "true", word: "yes" }]);
});

it.each([
  ["64 MiB", 64 * 1024 * 1024],
  ["64m", 64 * 1024 * 1024],
  ["1.5k", 1536],
  ["2GB", 2_000_000_000],
  ["1_000", 1000],
  ["0", 0],
  ["many", undefined],
  ["-1", undefined],
])("reads the size %s", (text, bytes) => {
  expect(parseBytes(text)).toBe(bytes);
});

it("says what is wrong with a value, and takes nothing and zero for the default", () => {
  expect(wrongWith(of("segment_size"), "3 GiB")).toBe("It takes 1.0 KiB to 2.0 GiB.");
  expect(wrongWith(of("segment_size"), "big")).toBe("Type a size, such as 64 MiB.");
  expect(wrongWith(of("batch_num_messages"), "1.5")).toBe("Type a whole number.");
  for (const text of ["", "0", "64 MiB"]) expect(wrongWith(of("segment_size"), text)).toBeUndefined();
});

it("sends what differs: numbers as numbers, and the default for what was emptied", () => {
  const typed = { segment_size: "64 MiB", compression_type: "2", ttl: "", segment_age: "7day" };
  const before = { segment_size: "1024", ttl: "1h", segment_age: "7day" };
  expect(settingsToSend(settings, typed, before)).toEqual({
    segment_size: 64 * 1024 * 1024,
    compression_type: 2,
    ttl: "",
  });
});
