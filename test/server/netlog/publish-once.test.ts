import { describe, expect, it, onTestFinished } from "vitest";
import type { Disk, DiskFile } from "../../../lib/disk/disk.ts";
import { LIMITS } from "../../../server/index.ts";
import type { Reply } from "../../contract/api.ts";
import { expectError } from "../../contract/expect-error.ts";
import { figure } from "../http/limit-checks.ts";
import { serverForTest } from "../server-fixture.ts";

const KEY = { "idempotency-key": "a" };

/** A disk whose syncs of files wait while `gate.closed` is there. */
function gated(inner: Disk, gate: { closed: Promise<void> | undefined }): Disk {
  const held = (file: DiskFile): DiskFile =>
    bound(file, {
      sync: async () => {
        await gate.closed;
        await file.sync();
      },
    });
  return bound(inner, {
    open: (path: string, options?: { readonly readOnly?: boolean }) => held(inner.open(path, options)),
    create: (path: string) => held(inner.create(path)),
  });
}

/** `target` with other methods in the place of its own. */
function bound<Target extends object>(target: Target, others: Partial<Target>): Target {
  return new Proxy(target, {
    get(_, name) {
      const own = Reflect.get(target, name) as unknown;
      const value = (Reflect.get(others, name) as unknown) ?? own;
      return typeof value === "function" ? value.bind(value === own ? target : others) : value;
    },
  });
}

describe("a publish under a key that waits for the first one", () => {
  it.each([
    ["", 1024 * 1024],
    [", both of them behind a segment that is being begun", 1024],
  ])("is 503 when the request has had its time, and the first one is not%s", async (_how, segment_size) => {
    const gate: { closed: Promise<void> | undefined } = { closed: undefined };
    const fixture = await serverForTest({ seen: (disk) => gated(disk, gate) });
    const { api, runtime } = fixture;
    const topic = await api.newTopic([], { idempotency_window: "1day", segment_size });
    // The topic's memory is there from here on.
    await api.post(`/${topic}/payload`, "before".repeat(100), { headers: { "idempotency-key": "b" } });
    let open = (): void => {};
    gate.closed = new Promise((resolve) => {
      open = resolve;
    });
    onTestFinished(open);
    const publish = () => api.post(`/${topic}/payload`, "m".repeat(500), { headers: KEY });
    const replies: Reply[] = [];
    const both = [publish(), publish()];
    for (const each of both) void each.then((reply) => replies.push(reply));
    const answered = async (): Promise<number> => {
      await runtime.advance(LIMITS.bodyMs);
      return replies.length;
    };
    await expect.poll(answered).toBe(1);
    expect(expectError(replies[0]!, "sync failed")).toContain("may be stored");
    expect(replies[0]!.headers["retry-after"]).toBe("10");
    await runtime.advance(3 * LIMITS.bodyMs);
    open();
    gate.closed = undefined;
    await Promise.all(both);
    expect(replies[1]).toMatchObject({ status: 201, headers: { "x-offset": "1" } });
    expect(replies[1]!.headers["x-duplicate"]).toBeUndefined();
    const again = await publish();
    expect(again.headers).toMatchObject({ "x-offset": "1", "x-duplicate": "true" });
    expect((await api.get(`/${topic}`)).json).toMatchObject({ latest_offset: 1 });
  });
});

describe("a batch under an older number of its producer", () => {
  it("is a duplicate, and tells nothing that is forgotten", async () => {
    const { api } = await serverForTest({ limits: { producerAppends: 1 } });
    const topic = await api.newTopic();
    const send = (seq: number, body: string) =>
      api.post(`/${topic}/batch?format=lines`, body, {
        headers: { "producer-id": "p", "producer-epoch": "0", "producer-seq": String(seq) },
      });
    await send(0, "a\nb\n");
    await send(1, "c\n");
    const again = await send(0, "a\nb\n");
    expect([again.status, again.json]).toEqual([201, { ok: true }]);
    expect(again.headers).toMatchObject({ "x-duplicate": "true" });
    expect(again.headers).not.toHaveProperty("x-count");
    expect(again.headers).not.toHaveProperty("x-offset");
    expect((await send(1, "c\n")).json).toEqual({ ok: true, offset: 2, count: 1 });
  });
});

describe("the metrics", () => {
  it("count duplicates, and publishes that were refused by why", async () => {
    const fixture = await serverForTest();
    const { api } = fixture;
    const topic = await api.newTopic();
    const publish = (body: string, headers: Record<string, string>) =>
      api.post(`/${topic}/payload`, body, { headers });
    await publish("m", KEY);
    await publish("m", KEY);
    await publish("other", KEY);
    await publish("m", { "x-expected-offset": "9" });
    await publish("m", { "producer-id": "p", "producer-epoch": "1", "producer-seq": "0" });
    await publish("m", { "producer-id": "p", "producer-epoch": "1", "producer-seq": "0" });
    await publish("m", { "producer-id": "p", "producer-epoch": "1", "producer-seq": "5" });
    await publish("m", { "producer-id": "p", "producer-epoch": "0", "producer-seq": "0" });
    await api.post(`/${topic}/close`);
    await publish("m", {});
    await publish("m", {});
    expect(await figure(fixture, "netlog_duplicates_total")).toBe(2);
    const refused = (reason: string) => figure(fixture, `netlog_refused_publishes_total{reason="${reason}"}`);
    for (const reason of ["idempotency_mismatch", "offset_mismatch", "producer_gap", "producer_fenced"]) {
      expect(await refused(reason), reason).toBe(1);
    }
    expect(await refused("topic_closed")).toBe(2);
  });
});
