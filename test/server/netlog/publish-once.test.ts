import { describe, expect, it, onTestFinished } from "vitest";
import type { Disk, DiskFile } from "../../../lib/disk/disk.ts";
import { LIMITS } from "../../../lib/index.ts";
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
  it("is 503 when the request has had its time, and answered when it is sent again", async () => {
    const gate: { closed: Promise<void> | undefined } = { closed: undefined };
    const fixture = await serverForTest({ seen: (disk) => gated(disk, gate) });
    const { api, runtime } = fixture;
    const topic = await api.newTopic([], { idempotency_window: "1day" });
    // The topic's memory is there from here on.
    await api.post(`/${topic}/payload`, "before", { headers: { "idempotency-key": "b" } });
    let open = (): void => {};
    gate.closed = new Promise((resolve) => {
      open = resolve;
    });
    onTestFinished(open);
    const publish = () => api.post(`/${topic}/payload`, "m", { headers: KEY });
    const replies: Reply[] = [];
    for (let i = 0; i < 2; i++) void publish().then((reply) => replies.push(reply));
    const answered = async (): Promise<number> => {
      await runtime.advance(LIMITS.bodyMs);
      return replies.length;
    };
    await expect.poll(answered).toBe(2);
    for (const reply of replies) {
      expect(expectError(reply, "topic unavailable")).toContain("Idempotency-Key");
      expect(reply.headers["retry-after"]).toBe("10");
    }
    open();
    gate.closed = undefined;
    const again = await publish();
    expect(again.headers).toMatchObject({ "x-offset": "1", "x-duplicate": "true" });
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
