/** Crashes and checks by seed: a crash alone is never damage, and the check foretells what the next start does. */
import { expect, it } from "vitest";
import { findingsOf } from "../../support/damage-fixture.ts";
import { openNetlog, texts } from "../../support/netlog-fixture.ts";
import { seededRandom } from "../../support/seeded-random.ts";

const SEEDS = 60;

it.each(["process", "power"])("after a crash of the %s", async (kind) => {
  let tornCount = 0;
  for (let seed = 1; seed <= SEEDS; seed++) {
    const random = seededRandom(seed);
    const { netlog, disk, runtime } = await openNetlog({ limits: { indexCheckpointBytes: 500 } });
    const durability = random() < 0.5 ? "synced" : "written";
    const topic = await netlog.createTopic("t", {
      segment_size: 1024,
      durability,
      compression_type: 1 + Math.floor(random() * 3),
    });
    const scanner = await topic.createScanner({ from: 0, persist: true });
    const last: Promise<unknown>[] = [];
    for (let round = 0; round < 12; round++) {
      const count = 1 + Math.floor(random() * 4);
      const published = texts(count, round * 4).map((text) => topic.publish({ payload: Buffer.from(text) }));
      for (const promise of published) last.push(promise.catch(() => {}));
      if (random() < 0.7) await runtime.turn();
      if (random() < 0.3) await runtime.advance(400);
      const delivery = await scanner.scan({ waitMs: 0 }).catch(() => undefined);
      delivery?.settle(true);
    }
    const crashed = kind === "power" ? disk.crashPower(random) : disk.crashProcess();
    await Promise.allSettled(last);

    const findings = await findingsOf(crashed);
    const wrong = findings.filter((finding) => finding.kind === "damage" || finding.kind === "unreadable");
    expect(wrong, `seed ${seed}`).toEqual([]);
    const torn = findings.find((finding) => finding.kind === "torn");
    const reopened = await openNetlog({ disk: crashed, runtime });
    if (torn !== undefined) {
      tornCount++;
      const { latest_offset } = await reopened.netlog.topic("t").info();
      expect(latest_offset + 1, `seed ${seed}`).toBe(torn.offset);
    }
    expect(await reopened.netlog.topic("t").check(0), `seed ${seed}`).toEqual([]);
    await reopened.netlog.close();
    const left = (await findingsOf(crashed)).filter((finding) => finding.kind !== "note");
    expect(left, `seed ${seed}`).toEqual([]);
  }
  if (kind === "power") expect(tornCount).toBeGreaterThan(3);
});
