/** What tests of limits send, and what they look at. */
import { expect } from "vitest";
import type { Reply } from "../../contract/api.ts";
import type { RawReply } from "../../contract/raw.ts";
import type { ServerFixture } from "../server-fixture.ts";

/** Refused for a limit that this option sets. */
export function expectTooMany(reply: Reply | RawReply, option: string): void {
  expect({ status: reply.status, retryAfter: reply.headers["retry-after"] }).toEqual({
    status: 429,
    retryAfter: expect.stringMatching(/^[1-9]\d*$/),
  });
  expect(JSON.parse(reply.text)).toMatchObject({
    ok: false,
    status: 429,
    error: "netlog: too many requests",
    reason: expect.stringContaining(`(${option})`),
  });
}

/** The figure of a metric without labels. */
export async function figure({ api }: Pick<ServerFixture, "api">, name: string): Promise<number> {
  const { text } = await api.get("/-/metrics");
  return Number(new RegExp(`^${name} (.+)$`, "m").exec(text)?.[1]);
}

export function post(path: string, lengthBytes: number, body: string): string {
  return `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${lengthBytes}\r\n\r\n${body}`;
}
