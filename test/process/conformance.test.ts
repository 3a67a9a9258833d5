/** The public conformance suite of the Durable Streams protocol, unchanged, against the built program on a real folder. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runConformanceTests } from "@durable-streams/server-conformance-tests";
import { afterAll, beforeAll } from "vitest";
import { type BuiltServer, startBuiltServer } from "../support/built-program.ts";

const LONG_POLL_MS = 500;

/** The suite asks for its address when a test runs, and not before. */
const target = { baseUrl: "", longPollTimeoutMs: LONG_POLL_MS, subscriptions: false };
let server: BuiltServer;
let folder = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "netlog-conformance-"));
  const origin = ["--cors-origin", "https://example.com"];
  server = await startBuiltServer(folder, [...origin, "--long-poll-timeout", `${LONG_POLL_MS}ms`]);
  target.baseUrl = `${server.url}/-/streams`;
});

afterAll(async () => {
  await server.kill();
  await rm(folder, { recursive: true, force: true });
});

runConformanceTests(target);
