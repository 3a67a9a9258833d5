/** The acting user: who is one where, and what a publisher writes of it. */
import { describe, expect, it } from "vitest";
import { currentIdentity, withIdentity } from "../../../../lib/client/events/identity.ts";
import { EventPublisher } from "../../../../lib/client/events/index.ts";
import { platformEvents } from "../../../../lib/client/events/platform.ts";
import { FakeLog } from "./fake-log.ts";
import { thingRemoved } from "./platform-events-fixture.ts";

const ann = { id: "u-1", email: "ann@example.com" };
const ben = { id: "u-2", email: "ben@example.com" };

describe("the acting user", () => {
  it("is the one of the innermost call, in all that it began, and nobody outside", async () => {
    const seen: unknown[] = [];
    const look = async (): Promise<void> => {
      await Promise.resolve();
      seen.push(currentIdentity()?.id);
    };
    const work = withIdentity(ann, async () => {
      const later = look();
      await withIdentity(ben, look);
      await withIdentity(undefined, look);
      await later;
      await look();
      return "done";
    });
    seen.push(currentIdentity());
    expect(await work).toBe("done");
    expect(seen).toEqual([undefined, "u-1", "u-2", undefined, "u-1"]);
  });

  it("does not outlive an error", () => {
    expect(() =>
      withIdentity(ann, () => {
        throw new Error("refused");
      }),
    ).toThrow("refused");
    expect(currentIdentity()).toBeUndefined();
  });
});

describe("a publisher that knows the acting user", () => {
  it("writes who acted in place of who the event says, for each of two that act at once", async () => {
    const log = new FakeLog();
    const format = platformEvents({ actingUser: currentIdentity });
    const events = new EventPublisher(log.client(), "t", { format, runtime: log.script.runtime });
    const remove = async (id: string): Promise<void> => {
      await Promise.resolve();
      events.publish({ ...thingRemoved(id), identity: { id: "u-0", email: "old@example.com" } });
    };
    await Promise.all([
      withIdentity(ann, () => remove("a")),
      withIdentity(ben, () => remove("b")),
      remove("c"),
    ]);
    events.publish(thingRemoved("d"));
    await log.script.settle(events.close());
    const users = log.events.map((event) => {
      const fields = event as unknown as Record<string, string>;
      return [fields.id, fields.jwt_identity_user_id, fields.jwt_identity_user_email];
    });
    expect(users).toEqual([
      ["a", "u-1", "ann@example.com"],
      ["b", "u-2", "ben@example.com"],
      ["c", "u-0", "old@example.com"],
      ["d", undefined, undefined],
    ]);
  });
});
