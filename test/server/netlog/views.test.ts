/** What the log's own port tells of views, which it knows by what the program hands in. */
import { expect, test } from "vitest";
import type { ViewRebuild, ViewStatus, Views } from "../../../server/http/context.ts";
import { within } from "../../support/deadline.ts";
import { bearer, type TestToken, testToken } from "../auth/tokens-fixture.ts";
import { serverForTest } from "../server-fixture.ts";

const STATUS: ViewStatus = {
  name: "counter",
  topics: [{ topic: "events", topicId: "an id", next: 7, lagMessages: 2 }],
  rows: 5,
  deadLetters: 1,
  isRunner: true,
  isReady: true,
  trouble: undefined,
};

function viewsOf(rebuild: (request: ViewRebuild) => Promise<void> = async () => {}): Views {
  return {
    names: ["counter"],
    figures: () => [],
    status: async () => [STATUS],
    rebuild: (_name, request) => rebuild(request),
  };
}

function named(name: string, message: string): Error {
  return Object.assign(new Error(message), { name });
}

test("a server without views lists none, and rebuilds none", async () => {
  const { api } = await serverForTest();
  expect((await api.get("/-/views")).json).toEqual([]);
  const refusal = await api.post("/-/views/counter/rebuild");
  expect(refusal.status).toBe(404);
  expect(refusal.text).toContain("this server runs none; start it with --view");
});

test("lists each view with its place, lag, rows and dead letters", async () => {
  const { api } = await serverForTest({ server: { views: viewsOf() } });
  expect((await api.get("/-/views")).json).toEqual([
    {
      name: "counter",
      ready: true,
      runner: true,
      rows: 5,
      dead_letters: 1,
      topics: [{ topic: "events", id: "an id", next: 7, lag: 2 }],
    },
  ]);
});

test("shows a token no view of topics that it may not read, and rebuilds for administrators alone", async () => {
  const reader = testToken(["events"], ["read"]);
  const other = testToken(["others"], ["read", "admin"]);
  const all = testToken(["*"], ["admin"]);
  const tokens = [reader.record, other.record, all.record];
  const { api } = await serverForTest({ server: { views: viewsOf(), tokens } });
  expect((await api.get("/-/views", { headers: bearer(reader) })).json).toHaveLength(1);
  expect((await api.get("/-/views", { headers: bearer(other) })).json).toEqual([]);
  const rebuild = (token: TestToken) =>
    api.post("/-/views/counter/rebuild", undefined, { headers: bearer(token) });
  for (const token of [reader, other]) {
    expect(await rebuild(token)).toMatchObject({
      status: 403,
      text: expect.stringContaining("admin on all topics"),
    });
  }
  expect((await rebuild(all)).status).toBe(200);
});

test("a rebuild streams how far it is, and its end", async () => {
  const seen: ViewRebuild[] = [];
  const views = viewsOf(async (request) => {
    seen.push(request);
    request.onProgress({ done: 3, total: 9 });
  });
  const { api } = await serverForTest({ server: { views } });
  const answer = await within(
    "the answer",
    api.post("/-/views/counter/rebuild?forget_older=true&skip_refused=true"),
  );
  const lines = answer.text.trim().split("\n");
  expect(lines.map((line) => JSON.parse(line))).toEqual([{ done: 3, total: 9 }, { ok: true }]);
  expect(seen).toMatchObject([{ forgetsOlder: true, skipsRefused: true }]);
});

test("a rebuild that is refused is 409 with the reason, and one that fails later says so in its last line", async () => {
  let isLate = false;
  const views = viewsOf(async ({ onProgress }) => {
    if (isLate) onProgress({ done: 1, total: 2 });
    throw named("ViewStopped", "it would lose 12 rows");
  });
  const { api } = await serverForTest({ server: { views } });
  const refusal = await api.post("/-/views/counter/rebuild");
  expect([refusal.status, refusal.json]).toMatchObject([409, { reason: "it would lose 12 rows" }]);
  isLate = true;
  const late = await api.post("/-/views/counter/rebuild");
  expect(late.status).toBe(200);
  expect(late.text.trim().split("\n").at(-1)).toBe('{"ok":false,"reason":"it would lose 12 rows"}');
});

test("a rebuild whose database or log is away is 503, and a defect is 500 and shows nothing of itself", async () => {
  let error = named("DatabaseError", "no connection");
  let isLate = false;
  const views = viewsOf(async ({ onProgress }) => {
    if (isLate) onProgress({ done: 1, total: 2 });
    throw error;
  });
  const { api } = await serverForTest({ server: { views } });
  const rebuild = () => api.post("/-/views/counter/rebuild");
  expect(await rebuild()).toMatchObject({ status: 503, json: { reason: "no connection" } });
  error = new TypeError("x is undefined");
  const defect = await rebuild();
  expect(defect.status).toBe(500);
  expect(defect.text).not.toContain("x is undefined");
  isLate = true;
  const late = await rebuild();
  expect(late.text).toContain('{"ok":false,"reason":"the rebuild failed; the server\'s log says why"}');
});
