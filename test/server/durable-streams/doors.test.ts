/** A message written through any door, in any format, is read through every other. */
import { expect, test } from "vitest";
import { formatPlace } from "../../../server/durable-streams/place.ts";
import type { Api, Reply } from "../../contract/api.ts";
import { serverForTest } from "../server-fixture.ts";

const JSON_TYPE = { "Content-Type": "application/json" };
const STREAM = "/-/streams/all/doors";
const TOPIC = "/all.doors";

const post =
  (path: string, bodyOf: (value: string) => string, headers: Readonly<Record<string, string>> = {}) =>
  (api: Api, value: string): Promise<Reply> =>
    api.call("POST", path, { body: bodyOf(value), headers });

const same = (value: string): string => value;

/** Each stores one JSON value as a message. */
const WRITERS = {
  payload: post(`${TOPIC}/payload`, same),
  "batch, lines": post(`${TOPIC}/batch?format=lines`, same),
  "batch, ndjson": post(`${TOPIC}/batch?format=ndjson`, (value) => `${value}\n`),
  "batch, json": post(`${TOPIC}/batch?format=json`, (value) => JSON.stringify([{ payload: value }])),
  "stream in, lines": post(`${TOPIC}/stream?format=lines`, same),
  "durable stream, a value": post(STREAM, same, JSON_TYPE),
  "durable stream, an array": post(STREAM, (value) => `[ ${value} ]`, JSON_TYPE),
  "durable stream, a producer": post(STREAM, same, {
    ...JSON_TYPE,
    "Producer-Id": "p",
    "Producer-Epoch": "0",
    "Producer-Seq": "0",
  }),
};

const ndjson = ({ text }: Reply): string[] =>
  text
    .split("\n")
    // The last line says that the topic is closed.
    .filter((line) => line !== "" && !line.startsWith('{"closed"'))
    .map((line) => (JSON.parse(line) as { payload: string }).payload);
const values = (json: unknown): string[] => (json as unknown[]).map((value) => JSON.stringify(value));
const lines = ({ text }: Reply): string[] => text.trimEnd().split("\n");
const dataOf = ({ text }: Reply, field: RegExp): string[] =>
  [...text.matchAll(field)].map(([, value = ""]) => value);

/** Each gives all messages of the topic, which is closed. */
const READERS: Readonly<Record<string, (api: Api, count: number) => Promise<string[]>>> = {
  "payload/:offset": async (api, count) => {
    const payloads: string[] = [];
    for (let i = 0; i < count; i++) payloads.push((await api.get(`${TOPIC}/payload/${i}`)).text);
    return payloads;
  },
  scan: async (api, count) => {
    await api.call("POST", `${TOPIC}/scanner?id=s&from=0`);
    const payloads: string[] = [];
    for (let i = 0; i < count; i++) payloads.push((await api.get(`${TOPIC}/scan?id=s`)).text);
    return payloads;
  },
  "batch, ndjson": async (api) => ndjson(await api.get(`${TOPIC}/batch`)),
  "batch, json": async (api) =>
    ((await api.get(`${TOPIC}/batch?format=json`)).json as { payload: string }[]).map(
      ({ payload }) => payload,
    ),
  "batch, lines": async (api) => lines(await api.get(`${TOPIC}/batch?format=lines`)),
  "stream, ndjson": async (api) => ndjson(await api.get(`${TOPIC}/stream?follow=0`)),
  "stream, lines": async (api) => lines(await api.get(`${TOPIC}/stream?format=lines`)),
  "stream, sse": async (api) =>
    dataOf(await api.get(`${TOPIC}/stream?format=sse&follow=0`), /^data: (\{.*)$/gm),
  "durable stream": async (api) => values((await api.get(STREAM)).json),
  "durable stream, long-poll": async (api) =>
    values((await api.get(`${STREAM}?offset=-1&live=long-poll`)).json),
  "durable stream, sse": async (api) =>
    dataOf(await api.get(`${STREAM}?offset=-1&live=sse`), /^data:(\[.*)$/gm).flatMap((array) =>
      values(JSON.parse(array)),
    ),
};

test("every writer's message is there for every reader, once and in order", async () => {
  const { api } = await serverForTest();
  await api.call("PUT", STREAM, { headers: JSON_TYPE });
  const written: string[] = [];
  for (const [by, write] of Object.entries(WRITERS)) {
    const value = JSON.stringify({ by, number: written.length });
    expect((await write(api, value)).status, by).toBeLessThan(300);
    written.push(value);
  }
  // Frames go from topic to topic as they are.
  const frames = await api.get(`${TOPIC}/batch?format=frames`);
  for (const value of written) expect(frames.body.includes(value)).toBe(true);
  const end = await api.call("POST", STREAM, { headers: { "Stream-Closed": "true" } });
  expect(end.headers["stream-next-offset"]).toBe(formatPlace({ message: written.length, byte: 0 }));
  for (const [by, read] of Object.entries(READERS)) {
    expect(await read(api, written.length), by).toEqual(written);
  }
});

test("no writer gets in what is no JSON, in a topic of JSON", async () => {
  const { api } = await serverForTest();
  await api.call("PUT", STREAM, { headers: JSON_TYPE });
  for (const [by, write] of Object.entries(WRITERS)) {
    expect((await write(api, "{no json")).status, by).toBe(400);
  }
  expect((await api.get(STREAM)).text).toBe("[]");
});
