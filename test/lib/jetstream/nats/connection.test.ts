/** The connection to NATS, tried on a real server. */
import { describe, expect, test } from "vitest";
import { hasNats } from "../../../support/nats.ts";
import { connectTo, natsOfFile } from "../engine-fixture.ts";

describe.skipIf(!hasNats)("a connection", () => {
  const nats = natsOfFile();

  test("hands over all that NATS has sent before a subscription ends, and nothing behind that", async () => {
    const [here, other] = [
      (await connectTo(nats.current)).connection,
      (await connectTo(nats.current)).connection,
    ];
    const heard: string[] = [];
    const end = here.subscribeUntil("told", ({ data }) => heard.push(Buffer.from(data).toString()));
    await here.flush();
    for (let count = 0; count < 1000; count++) other.publish("told", String(count));
    await other.flush();
    await end();
    expect(heard.length).toBe(1000);
    other.publish("told", "late");
    await other.flush();
    await here.flush();
    expect(heard.length).toBe(1000);
  });
});
