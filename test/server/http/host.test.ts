import { expect, it } from "vitest";
import { expectError } from "../../contract/expect-error.ts";
import { rawCall } from "../../contract/raw.ts";
import { serverForTest } from "../server-fixture.ts";

const ROUTES = ["GET /", "GET /-/health", "POST /t/payload", "GET /t/scan?id=s", "GET /t/sync"];

it.each(["a b", "a@b", "[::1", "localhost:x", "a/b", "localhost, localhost"])(
  "a Host that is malformed is refused on every route: %s",
  async (host) => {
    const { server } = await serverForTest();
    for (const route of ROUTES) {
      const reply = await rawCall(server.url, `${route} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
      expectError(reply, "bad request");
      expect(reply.text, route).toContain("Host header");
    }
  },
);

it.each(["localhost", "LOCALHOST:80", "127.0.0.1", "[::1]:7200", "localhost.:1"])(
  "a Host that names this machine is served on every route: %s",
  async (host) => {
    const { server, api } = await serverForTest();
    await api.post("/t");
    await api.post("/t/scanner?id=s");
    for (const route of ROUTES) {
      const reply = await rawCall(server.url, `${route} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
      expect(reply.text, route).not.toContain("Host");
    }
  },
);
