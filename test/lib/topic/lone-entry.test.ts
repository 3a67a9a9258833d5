import { describe, expect, it } from "vitest";
import { ByteBudget } from "../../../lib/base/byte-budget.ts";
import { Counters, TopicCounters } from "../../../lib/base/counters.ts";
import { LIMITS } from "../../../lib/index.ts";
import type { AppendGuard } from "../../../lib/log/log.ts";
import { inlineOffload } from "../../../lib/message/compression.ts";
import { type LoneEntry, Publisher } from "../../../lib/topic/publisher.ts";
import { DEFAULT_SETTINGS } from "../../../lib/topic/setting-table.ts";
import { newLog } from "../../support/log-fixture.ts";

const NOTHING: AppendGuard = { original: () => undefined, require: () => {}, written: () => {} };

describe("an entry that is written alone", () => {
  it("is not made where it is refused, and one that cannot be made leaves nothing in flight", async () => {
    const { log, runtime } = await newLog();
    const inFlight = new ByteBudget(1000);
    const publisher = new Publisher({
      log,
      settings: DEFAULT_SETTINGS,
      runtime,
      limits: LIMITS,
      offload: inlineOffload,
      inFlight,
      counters: new Counters(),
      topicCounters: new TopicCounters(),
    });
    const publish = (sizes: Pick<LoneEntry, "payloadBytes" | "sizeBytes">) => {
      const encode = () => {
        throw new Error("it was made");
      };
      return publisher.publishAlone({ ...sizes, count: 1, encode }, NOTHING, { maxBytes: 50 });
    };
    await expect(publish({ sizeBytes: 600 })).rejects.toThrow("it was made");
    await expect(publish({ payloadBytes: 51, sizeBytes: 51 })).rejects.toMatchObject({
      code: "payload_too_large",
    });
    expect(inFlight.tryTake(600)).toBe(true);
    await expect(publish({ sizeBytes: 600 })).rejects.toMatchObject({ code: "too_many_requests" });
    expect(log.logEndOffset).toBe(0);
  });
});
