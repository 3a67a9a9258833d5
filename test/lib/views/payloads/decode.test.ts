/** What a message has to be, and that a refusal names the field at fault. */
import { describe, expect, test } from "vitest";
import { Malformed } from "../../../../lib/views/index.ts";
import { decodeStatus } from "../../../../lib/views/payloads/decode.ts";
import { keptRequestId, uuidDigits } from "../../../../lib/views/payloads/request-id.ts";

const GOOD = {
  service: "Puptoo",
  source: "Inventory",
  account: "010101",
  org_id: "123456",
  request_id: "e4b3d38f199f4abdb1cfbcf6e3b81f56",
  inventory_id: "c6cc4bb5-7d4c-4ef5-ab7a-8b1b6a2f6a5c",
  system_id: "1e9cb2a2-6a5b-4c0a-8b24-6bdee9b6a6ee",
  status: "Success",
  status_msg: "All is Well",
  date: "2022-03-17 16:56:10",
};

function decode(fields: object | string, requestIdLength = 32): ReturnType<typeof decodeStatus> {
  const text = typeof fields === "string" ? fields : JSON.stringify(fields);
  return decodeStatus(Buffer.from(text), { requestIdLength });
}

function reasonOf(fields: object | string, requestIdLength?: number): string | undefined {
  const result = decode(fields, requestIdLength);
  return result instanceof Malformed ? result.why : undefined;
}

test("a full message: service, source and status in lower case, everything else as it came", () => {
  expect(decode(GOOD)).toEqual({
    requestId: GOOD.request_id,
    account: "010101",
    orgId: "123456",
    inventoryId: GOOD.inventory_id,
    systemId: GOOD.system_id,
    service: "puptoo",
    source: "inventory",
    status: "success",
    statusMsg: "All is Well",
    date: "2022-03-17T16:56:10Z",
  });
});

test("a message of the fields that are required, and others that nobody knows", () => {
  const { service, request_id, status, date } = GOOD;
  const least = decode({ service, request_id, status, date, source: null, other: { a: [1] } });
  expect(least).toMatchObject({
    source: "",
    account: "",
    orgId: "",
    inventoryId: "",
    systemId: "",
    statusMsg: "",
  });
});

describe("a refusal names the field", () => {
  test.each([
    ["no JSON", "{]", "the message is not JSON, at position 1"],
    ["an empty message", "", "the message is not JSON"],
    ["an array", "[]", "the message is an array, and has to be an object"],
    ["a text", '"a"', "the message is a string, and has to be an object"],
    ["null", "null", "the message is null, and has to be an object"],
    ["no service", { ...GOOD, service: undefined }, "service: is missing"],
    ["an empty service", { ...GOOD, service: "" }, "service: is missing"],
    ["no status", { ...GOOD, status: null }, "status: is missing"],
    ["no request_id", { ...GOOD, request_id: undefined }, "request_id: is missing"],
    ["no date", { ...GOOD, date: undefined }, "date: is missing"],
    ["a number for a date", { ...GOOD, date: 1647536170 }, "date: is a number, and has to be a text"],
    ["an object for an account", { ...GOOD, account: {} }, "account: is an object, and has to be a text"],
    ["a list for a source", { ...GOOD, source: ["a"] }, "source: is an array, and has to be a text"],
    [
      "a word for a date",
      { ...GOOD, date: "nope" },
      'date: "nope" is no time of RFC 3339, such as 2022-03-17T16:56:10Z',
    ],
    ["a NUL", { ...GOOD, status_msg: "a\0" }, "status_msg: holds a NUL"],
    [
      "half a pair",
      `${JSON.stringify(GOOD).slice(0, -1)},"org_id":"\\ud800"}`,
      "org_id: holds half of a surrogate pair",
    ],
    ["a long account", { ...GOOD, account: "a".repeat(1025) }, "account: has 1025 bytes, and may have 1024"],
    [
      "a long status_msg",
      { ...GOOD, status_msg: "ä".repeat(32_769) },
      "status_msg: has 65538 bytes, and may have 65536",
    ],
  ])("%s", (_name, fields, reason) => {
    expect(reasonOf(fields)).toContain(reason);
  });

  test("bytes that are not UTF-8", () => {
    const result = decodeStatus(Buffer.from([0x7b, 0xff, 0x7d]), { requestIdLength: 32 });
    expect(result).toEqual(new Malformed("the message is not UTF-8"));
  });

  test("what is nested deeper than any message", () => {
    expect(reasonOf(`{"a":${"[".repeat(100)}${"]".repeat(100)}}`)).toContain("nested too deep");
  });

  test("a long text is quoted in part", () => {
    expect(reasonOf({ ...GOOD, date: "x".repeat(500) })).toHaveLength(101);
  });
});

describe("the length of a request_id", () => {
  test("32 is accepted", () => {
    expect(decode(GOOD)).toMatchObject({ requestId: GOOD.request_id });
  });

  test.each(["e4b3d38f199f4abdb1cfbcf6e3b81f5", "e4b3d38f199f4abdb1cfbcf6e3b81f567"])(
    "%s is refused",
    (request_id) => {
      expect(reasonOf({ ...GOOD, request_id })).toMatch(
        /^request_id: has 3[13] bytes, and has to have 32 \(VALIDATE_REQUEST_ID_LENGTH\)$/,
      );
    },
  );

  test("a UUID with dashes is kept without them, whichever of its lengths is asked for", () => {
    const request_id = "e4b3d38f-199f-4abd-b1cf-bcf6e3b81f56";
    for (const length of [32, 36, 0]) {
      expect(decode({ ...GOOD, request_id }, length)).toMatchObject({ requestId: GOOD.request_id });
    }
  });

  test("with 0 any text will do, but none will not", () => {
    expect(decode({ ...GOOD, request_id: "x" }, 0)).toMatchObject({ requestId: "x" });
    expect(reasonOf({ ...GOOD, request_id: "" }, 0)).toBe("request_id: is missing");
  });
});

test("a UUID in each of its spellings, and what is none", () => {
  const digits = GOOD.request_id;
  const dashed = "e4b3d38f-199f-4abd-b1cf-bcf6e3b81f56";
  for (const spelling of [digits, dashed, `urn:uuid:${dashed}`, `{${dashed}}`])
    expect(uuidDigits(spelling)).toBe(digits);
  for (const other of ["1234", "", `${digits}0`, `${dashed}0`, `{${digits}`, `x${dashed}`])
    expect(uuidDigits(other)).toBeUndefined();
  expect(keptRequestId(dashed)).toBe(digits);
  expect(keptRequestId("1234-5")).toBe("1234-5");
});
