import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { ERROR_CODES, NetlogError } from "../../../lib/index.ts";
import { errorAnswer } from "../../../server/http/error-answer.ts";
import { ERROR_TABLE, errorText, HttpError } from "../../../server/wire/errors.ts";
import { expectError } from "../../contract/expect-error.ts";
import { PROJECT_ROOT } from "../../support/project-files.ts";

type Code = keyof typeof ERROR_TABLE;

const CODES = Object.keys(ERROR_TABLE) as Code[];

interface DocumentedRow {
  readonly code: string;
  readonly status: number;
  readonly hasReason: boolean;
  readonly headers: readonly string[];
}

/** The table of server/README.md. */
function documentedRows(): DocumentedRow[] {
  const text = readFileSync(`${PROJECT_ROOT}server/README.md`, "utf8");
  return text
    .split("\n")
    .map((line) => /^\| `(\w+)` \| (\d{3}) \| (yes)? ?\| ?(.*?) ?\|$/.exec(line))
    .filter((match) => match !== null)
    .map(([, code = "", status, reason, headers = ""]) => ({
      code,
      status: Number(status),
      hasReason: reason === "yes",
      headers: Array.from(headers.matchAll(/`([\w-]+)/g), ([, name = ""]) => name),
    }));
}

const DETAILS: Partial<Record<Code, NetlogError["details"]>> = {
  offset_not_found: { firstOffset: 5 },
  checksum_error: { offset: 6, nextOffset: 7, place: "byte 9 of /data/t/0.data" },
  offset_mismatch: { nextOffset: 7 },
  producer_gap: { expectedSeq: 3, receivedSeq: 5 },
  producer_fenced: { epoch: 2 },
  topic_closed: { nextOffset: 7 },
};

/** An error of this code that tells all it could tell. */
function errorOf(code: Code): Error {
  const own = ERROR_CODES.find((each) => each === code);
  if (own !== undefined) {
    const details = DETAILS[own] ?? {};
    return new NetlogError(own, { reason: "why", details, cause: new Error("secret") });
  }
  const given = code === "method_not_allowed" ? { headers: ["Allow", "GET"] } : {};
  return new HttpError(code as HttpError["code"], { reason: "why", ...given });
}

function headersOf(code: Code): Record<string, string> {
  const { headers, closes } = errorAnswer(errorOf(code));
  const pairs = headers.flatMap((name, i) => (i % 2 === 0 ? [[name, headers[i + 1] ?? ""]] : []));
  return { ...Object.fromEntries(pairs), ...(closes === true ? { Connection: "close" } : {}) };
}

/** What every JSON answer has. */
const COMMON = [
  "X-Content-Type-Options",
  "Cache-Control",
  "Content-Type",
  "Content-Length",
  "X-Netlog-Error",
];

describe("the table of errors", () => {
  it("has a row for every code of the engine", () => {
    expect(CODES).toEqual(expect.arrayContaining([...ERROR_CODES]));
  });

  it("is the one in the documentation", () => {
    expect(
      documentedRows()
        .map(({ code }) => code)
        .sort(),
    ).toEqual([...CODES].sort());
    for (const { code, status, hasReason, headers } of documentedRows()) {
      const row = ERROR_TABLE[code as Code];
      expect({ code, status: row.status, hasReason: row.reason !== undefined }).toEqual({
        code,
        status,
        hasReason,
      });
      const told = Object.keys(headersOf(code as Code)).filter((name) => !COMMON.includes(name));
      expect(told.sort(), code).toEqual([...headers].sort());
    }
  });

  it.each(CODES)("gives %s the envelope, with the reason where it has one", (code) => {
    const { status, body } = errorAnswer(errorOf(code));
    const fields = JSON.parse(String(body)) as Record<string, unknown>;
    expect(Object.keys(fields)).toEqual(
      ["ok", "status", "error", "reason"].slice(0, fields.reason === undefined ? 3 : 4),
    );
    expect(fields).toMatchObject({ ok: false, status, error: `netlog: ${errorText(code)}` });
    expect(fields.reason).toBe(ERROR_TABLE[code].reason === undefined ? undefined : "why");
    expect(headersOf(code)["X-Netlog-Error"]).toBe(code);
    expect(String(body).endsWith("}\n")).toBe(true);
  });

  it("has a reason of its own for errors that bring none", () => {
    for (const code of ERROR_CODES) {
      const { reason } = JSON.parse(String(errorAnswer(new NetlogError(code)).body)) as { reason?: string };
      expect(reason).toBe(ERROR_TABLE[code].reason);
    }
  });

  it("tells nothing of causes, files and unexpected errors", () => {
    for (const error of [...CODES.map(errorOf), new TypeError("secret"), "secret", undefined]) {
      const { headers, body } = errorAnswer(error);
      expect(JSON.stringify([headers, String(body)])).not.toMatch(/secret|\/data/);
    }
    const { status, headers, body } = errorAnswer(new TypeError("secret"));
    const replied = { status, text: String(body), headers: lowerCase(headers) };
    expectError(replied, "unknown error");
  });
});

function lowerCase(headers: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    headers.flatMap((name, i) => (i % 2 === 0 ? [[name.toLowerCase(), headers[i + 1] ?? ""]] : [])),
  );
}
