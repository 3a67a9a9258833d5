import { expect, it } from "vitest";
import { openNetlog } from "../../support/netlog-fixture.ts";

/** Steps of a creation, and more. */
const STEPS = 200;

it("takes no topic beyond the limit, whatever step of its making the one before it is at", async () => {
  for (let step = 0; step < STEPS; step++) {
    const { netlog } = await openNetlog({ limits: { topics: 1 } });
    const first = netlog.createTopic("first");
    for (let i = 0; i < step; i++) await undefined;
    await expect(netlog.createTopic("second"), `step ${step}`).rejects.toMatchObject({
      code: "too_many_requests",
    });
    await first;
    expect(netlog.topicNames()).toEqual(["first"]);
    await netlog.close();
  }
});
