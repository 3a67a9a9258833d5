import { expect, test } from "vitest";
import { isEnginePrefix } from "../../../../lib/base/names.ts";
import { EngineNames, topicKey } from "../../../../lib/jetstream/nats/names.ts";

test("spells a topic's name so that streams and subjects can have it", () => {
  const names = new EngineNames();
  expect(names.logStream("a.b-c")).toBe("NETLOG-a=b-c");
  expect(names.scannerStream("a.b-c")).toBe("NETLOGS-a=b-c");
  expect(names.logSubject("a.b-c")).toBe("netlog.log.a=b-c");
  expect(names.ownerSubject("a.b-c")).toBe("netlog.own.a=b-c");
  expect(names.scannerSubject("a.b-c", "x.y")).toBe("netlog.scan.a=b-c.s.x=y");
});

test("cuts a long name, and keeps two of one beginning apart", () => {
  const long = "x".repeat(180);
  expect(topicKey(long)).toBe(long);
  const keys = [topicKey(`${long}y`), topicKey(`${long}z`)];
  expect(new Set(keys).size).toBe(2);
  for (const key of keys) expect(key).toMatch(/^x{140}~[0-9a-f]{26}$/);
});

test("finds the key in the stream of a log, and in no other", () => {
  const names = new EngineNames("two");
  expect(names.keyOfLogStream("TWO-a=b")).toBe("a=b");
  expect(names.keyOfLogStream("TWOS-a=b")).toBeUndefined();
  expect(names.keyOfLogStream("NETLOG-a=b")).toBeUndefined();
});

test("refuses a prefix whose streams could be those of another one", () => {
  for (const good of ["netlog", "a", "x1_y", "a".repeat(32)]) expect(isEnginePrefix(good), good).toBe(true);
  for (const bad of ["", "s", "netlogs", "A", "a-b", "a.b", "1a", "a".repeat(33)]) {
    expect(isEnginePrefix(bad), bad).toBe(false);
    expect(() => new EngineNames(bad)).toThrow(/no prefix/);
  }
});
