/** A NATS server that has really no room left. */
import { describe, expect, it } from "vitest";
import type { Scanner } from "../../../../lib/index.ts";
import { hasNats } from "../../../support/nats.ts";
import { ack, lease, leaseAll, nack } from "../../../support/work-fixture.ts";
import { natsOfFile } from "../engine-fixture.ts";
import { ownNames, startEngineServer } from "./storage-fixture.ts";

const STORE_BYTES = 1024 * 1024;
const FULL = { code: "storage_full" };

function pendingOf(scanner: Scanner): number[] {
  return scanner.pendingMessages(-1, 99).map(({ offset }) => offset);
}

describe.skipIf(!hasNats)("a NATS server without room", () => {
  const nats = natsOfFile({ storeBytes: STORE_BYTES });

  it("refuses publishes, acks, nacks and seeks, which then changed nothing, and serves on when there is room", async () => {
    const names = ownNames();
    const { netlog } = await startEngineServer(nats.current, names);
    const filler = await netlog.createTopic("filler");
    const topic = await netlog.createTopic("jobs");
    for (const text of ["a", "b", "c"]) await topic.publish({ payload: Buffer.from(text) });
    const { scanner } = await topic.findOrCreateScanner({ id: "w", ack: "explicit", maxPending: 2 });
    const plain = await topic.createScanner({ from: 0, persist: true });
    const [first, second] = [(await lease(scanner))!, (await lease(scanner))!];
    await topic.sync();
    for (let sizeBytes = 100_000; sizeBytes >= 1; ) {
      const publish = filler.publish({ payload: Buffer.alloc(sizeBytes, 1) });
      const isStored = await publish.then(
        () => true,
        (error: unknown) => expect(error).toMatchObject(FULL),
      );
      if (isStored !== true) sizeBytes = Math.floor(sizeBytes / 4);
    }

    await expect(ack(scanner, [0], first.lease)).rejects.toMatchObject(FULL);
    await expect(nack(scanner, [1], 0, true)).rejects.toMatchObject(FULL);
    await expect(scanner.seek(3)).rejects.toMatchObject(FULL);
    await expect(plain.seek(3)).rejects.toMatchObject(FULL);
    expect(pendingOf(scanner)).toEqual([0, 1]);
    expect([scanner.describe().next, plain.info().next]).toEqual([2, 0]);
    expect(await scanner.work.touch({ offsets: [1], lease: second.lease })).toMatchObject({ settled: 1 });

    await netlog.deleteTopic("filler", { force: true });
    expect(await ack(scanner, [0], first.lease)).toEqual({ settled: 1, refused: [] });
    expect((await lease(scanner))?.message.offset).toBe(2);
    await netlog.close();
    const again = (await startEngineServer(nats.current, names)).netlog.topic("jobs");
    expect(await leaseAll(again.scanner("w"))).toEqual([
      [1, 2],
      [2, 2],
    ]);
    expect(again.scanner(plain.id).info().next).toBe(0);
  });
});
