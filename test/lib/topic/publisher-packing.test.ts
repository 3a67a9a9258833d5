import { describe, expect, it } from "vitest";
import type { AppendGuard } from "../../../lib/log/log.ts";
import { encodeMessage } from "../../../lib/message/message.ts";
import { within } from "../../support/deadline.ts";
import { HeldOffload, newPublisher, publishMany } from "../../support/publisher-fixture.ts";

describe("packing off the event loop", () => {
  it("keeps the order in which messages came", async () => {
    const offload = new HeldOffload();
    const { publisher, log, runtime } = await newPublisher(
      { compression_type: 2 },
      { offload, limits: { inlineCompressionBytes: 10 } },
    );
    const large = publishMany(publisher, 10);
    await runtime.turn();
    const later = publisher.publish({ payload: Buffer.from("later") }, { durability: "synced" });
    await runtime.turn();
    expect(log.logEndOffset).toBe(0);
    offload.held.shift()!();
    await within("the set", Promise.all(large));
    expect(await within("what came later", later)).toMatchObject({ offset: 10 });
  });

  it("is waited for by a flush", async () => {
    const offload = new HeldOffload();
    const { publisher, log, runtime } = await newPublisher(
      { compression_type: 2 },
      { offload, limits: { inlineCompressionBytes: 10 } },
    );
    const all = publishMany(publisher, 5);
    await runtime.turn();
    all.push(...publishMany(publisher, 5));
    const flushed = publisher.flush();
    await runtime.turn();
    offload.held.shift()!();
    await runtime.turn();
    offload.held.shift()!();
    await within("flushed", flushed);
    expect(log.logEndOffset).toBe(10);
    await within("all answered", Promise.all(all));
  });

  it("is waited for by a flush, also what lingers behind a group that waits for it", async () => {
    const offload = new HeldOffload();
    const { publisher, log, runtime } = await newPublisher(
      { compression_type: 2, batch_interval: "1m" },
      { offload, limits: { inlineCompressionBytes: 10 } },
    );
    const lone = { sizeBytes: 1, count: 1, encode: () => encodeMessage(Buffer.from("x")) };
    const guard: AppendGuard = { original: () => undefined, require: () => {}, written: () => {} };
    const publishAlone = () => publisher.publishAlone(lone, guard, { durability: "synced" });
    const all = publishMany(publisher, 5);
    all.push(publishAlone());
    await runtime.turn();
    all.push(...publishMany(publisher, 5), publishAlone(), ...publishMany(publisher, 5));
    const endOffset = publisher.flush().then(() => log.logEndOffset);
    for (let turns = 0; turns < 10; turns++) {
      offload.held.shift()?.();
      await runtime.turn();
    }
    expect(await within("flushed", endOffset)).toBe(17);
    await within("all answered", Promise.all(all));
  });

  it("refuses the messages of a set that cannot be packed, and no others", async () => {
    const offload = new HeldOffload();
    const { publisher, runtime } = await newPublisher(
      { compression_type: 2 },
      { offload, limits: { inlineCompressionBytes: 10 } },
    );
    offload.failure = new Error("out of memory");
    const refused = publishMany(publisher, 5).map((each) => expect(each).rejects.toThrow("out of memory"));
    await runtime.turn();
    offload.held.shift()!();
    await within("refused", Promise.all(refused));
    expect(await publisher.publish({ payload: Buffer.from("x") }, { durability: "synced" })).toMatchObject({
      offset: 0,
    });
  });
});
