import { expect, it } from "vitest";
import { expectError } from "../../contract/expect-error.ts";
import { type ServerFixture, serverForTest } from "../server-fixture.ts";

const MIB = 1024 * 1024;
const JSON_TYPE = { headers: { "content-type": "application/json" } };

function post({ api }: Pick<ServerFixture, "api">, elements: string) {
  return api.post("/t/batch", Buffer.from(elements), JSON_TYPE);
}

it("a batch of long JSON is stored as it was sent, payloads of every length", async () => {
  const fixture = await serverForTest();
  const topic = await fixture.netlog.createTopic("t");
  const texts = Array.from({ length: 30 }, (_, i) =>
    'é\u{1F600}"\\\n'.repeat(i % 10 === 9 ? 30_000 : 200 + i),
  );
  const bytes = Array.from({ length: 4 }, (_, i) =>
    Buffer.alloc([100_000, 3, 500_001, 65_538][i]!, `\xff${i}`),
  );
  const elements = [
    ...texts.slice(0, 10),
    ...bytes.map((payload) => ({ payload_base64: payload.toString("base64") })),
    ...texts.slice(10).map((payload, offset) => ({ offset, timestamp: "any", payload })),
  ];
  const body = `\uFEFF ${JSON.stringify(elements, undefined, 1)}\n`;
  expect(body.length).toBeGreaterThan(MIB);
  expect((await post(fixture, body)).json).toEqual({ ok: true, offset: 0, count: elements.length });
  const payloads = [...texts.slice(0, 10).map((text) => Buffer.from(text)), ...bytes, ...texts.slice(10)];
  for (const [offset, payload] of payloads.entries()) {
    expect((await topic.message(offset)).payload.equals(Buffer.from(payload))).toBe(true);
  }
  const read = await fixture.api.get("/t/batch?format=json&max=8");
  expect((await post(fixture, read.text)).status).toBe(201);
});

it.each([
  ["nothing but brackets", `[${"[],".repeat(2 * MIB)}1]`, /element 0: it is neither a text nor an object/],
  [
    "an unknown field late in it",
    `[${'"a",'.repeat(50_000)}{"keys":1}]`,
    /element 50000: unknown field "keys"/,
  ],
  [
    "an empty text late in it",
    `[${'"a",'.repeat(50_000)}""]`,
    /element 50000: a message has at least one byte/,
  ],
  ["half a character in a long text", `["${"x".repeat(MIB)}\\ud800"]`, /element 0: half of a surrogate pair/],
  [
    "bad base64 at the end of much",
    `[{"payload_base64":"${"AAAA".repeat(50_000)}AA="}]`,
    /element 0: .* not base64/,
  ],
  [
    "padding in the middle of base64",
    `[{"payload_base64":"${"AA==".repeat(50_000)}"}]`,
    /element 0: .* not base64/,
  ],
  ["a wrong sum", `[{"payload":"${"x".repeat(MIB)}","crc32":1}]`, /element 0: crc32: expected 1, found \d+/],
  ["a field that is too long", `[{"payload":"x","delivery":"${"x".repeat(MIB)}"}]`, /no payload/],
  ["no end", `[${'"a",'.repeat(50_000)}`, /not JSON, at byte 200001/],
  ["an object", `{"payload":"${"x".repeat(MIB)}"}`, /no JSON array/],
  ["white space", " ".repeat(MIB), /no JSON array/],
])("a long batch is refused whole where it holds %s", async (_name, body, reason) => {
  const fixture = await serverForTest();
  await fixture.netlog.createTopic("t");
  const reply = await post(fixture, body);
  expectError(reply, "bad request");
  expect((reply.json as { reason: string }).reason).toMatch(reason);
  expect((await fixture.api.get("/t")).json).toMatchObject({ latest_offset: -1 });
});

it("a batch has no more messages and no longer ones than it may, however long its JSON", async () => {
  const fixture = await serverForTest({ limits: { payloadBytes: MIB } });
  await fixture.netlog.createTopic("t");
  expectError(await post(fixture, `[${'"a",'.repeat(65_536)}"a"]`), "payload too large");
  expectError(await post(fixture, JSON.stringify(["x".repeat(MIB + 1)])), "payload too large");
  expect((await post(fixture, JSON.stringify(["x".repeat(MIB)]))).status).toBe(201);
});

it("a long list of offsets is acknowledged, and one that holds something else is refused", async () => {
  const fixture = await serverForTest();
  const { api } = fixture;
  const count = 30_000;
  await fixture.netlog.createTopic("t");
  await post(fixture, JSON.stringify(Array(count).fill("x")));
  await api.post("/t/scanner?id=w&ack=explicit&max_pending=100000&from=0");
  await api.get(`/t/scan?id=w&max=${count}`);
  const offsets = Array.from({ length: count }, (_, offset) => offset);
  const wrong = `[${offsets.join(",")},"x"]`;
  const refused = await api.post("/t/ack?id=w", wrong, JSON_TYPE);
  expectError(refused, "bad request");
  expect((refused.json as { reason: string }).reason).toMatch(/^item 30000 /);
  expectError(await api.post("/t/ack?id=w", `[${"[],".repeat(100_000)}1]`, JSON_TYPE), "bad request");
  expectError(await api.post("/t/ack?id=w", `["${"x".repeat(MIB)}"]`, JSON_TYPE), "bad request");
  expectError(await api.post("/t/ack?id=w", `{"a":"${"x".repeat(MIB)}"}`, JSON_TYPE), "bad request");
  const settled = await api.post("/t/ack?id=w", JSON.stringify(offsets, undefined, 1), JSON_TYPE);
  expect(settled.json).toEqual({ ok: true, settled: count, refused: [] });
});
