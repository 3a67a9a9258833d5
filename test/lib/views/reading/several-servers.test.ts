/** A log that several servers serve: what reads it goes on with the next one where a server does not answer. */
import { expect, test } from "vitest";
import { HttpLogReader } from "../../../../lib/views/reading/http-log-reader.ts";
import { LogUnavailable } from "../../../../lib/views/reading/log-reader.ts";
import { endServer, serverForTest } from "../../../server/server-fixture.ts";
import { freePort } from "../../../support/free-port.ts";
import { rejection } from "../../../support/rejection.ts";

const { signal } = new AbortController();
const READ = { from: 0, max: 10, maxBytes: 1000, waitMs: 0, signal };

test("the next server is asked where one does not answer, and the first one again after the last", async () => {
  const fixture = await serverForTest();
  const { api, server } = fixture;
  await api.post("/orders");
  await api.publish("orders", "a");
  const nobody = async (): Promise<string> => `http://127.0.0.1:${await freePort()}`;
  const log = new HttpLogReader([await nobody(), await nobody(), server.url], { token: undefined });
  for (let tries = 0; tries < 2; tries++) {
    expect(await rejection(log.read("orders", READ))).toBeInstanceOf(LogUnavailable);
  }
  expect(await log.read("orders", READ)).toMatchObject({ kind: "messages", messages: [{ offset: 0 }] });
  await endServer(fixture);
  expect(await rejection(log.read("orders", READ))).toBeInstanceOf(LogUnavailable);
  expect(await rejection(log.bounds("orders", signal))).toBeInstanceOf(LogUnavailable);
});

test("a refusal is no reason to ask another server", async () => {
  const { server } = await serverForTest({ server: { tokens: [] } });
  const other = await serverForTest();
  const log = new HttpLogReader([server.url, other.server.url], { token: undefined });
  for (let tries = 0; tries < 2; tries++) {
    expect(await rejection(log.bounds("orders", signal))).not.toBeInstanceOf(LogUnavailable);
  }
});
