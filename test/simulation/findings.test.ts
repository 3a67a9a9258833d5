/** What the simulation found, each as a test of its own. */
import { describe, expect, it } from "vitest";
import { openNetlog, publishAll, texts } from "../support/netlog-fixture.ts";
import { seededRandom } from "../support/seeded-random.ts";

describe("a loss of power", () => {
  it("right after two scans leaves a persistent scanner, whatever it tears", async () => {
    for (let seed = 0; seed < 60; seed++) {
      const { netlog, disk, runtime } = await openNetlog();
      const topic = await netlog.createTopic("t");
      await publishAll(topic, texts(4));
      const { id } = await topic.createScanner({ from: 0, persist: true });
      const killed = await openNetlog({ disk: disk.crashProcess(), runtime });
      const scanner = killed.netlog.topic("t").scanner(id);
      for (let i = 0; i < 2; i++) (await scanner.scan({ waitMs: 0 }))?.settle(true);
      const again = await openNetlog({ disk: killed.disk.crashProcess(), runtime });
      for (let i = 0; i < 2; i++) {
        (await again.netlog.topic("t").scanner(id).scan({ waitMs: 0 }))?.settle(true);
      }
      const left = await openNetlog({ disk: again.disk.crashPower(seededRandom(seed)), runtime });
      expect(left.netlog.topic("t").scanner(id).info().next).toBeGreaterThanOrEqual(2);
    }
  });
});
