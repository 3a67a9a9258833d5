/** The log of the same process, as a view reads it. */
import { getEventListeners } from "node:events";
import { expect, test } from "vitest";
import { LocalLogReader } from "../../../../lib/views/reading/local-log-reader.ts";
import { openNetlog } from "../../../support/netlog-fixture.ts";
import { rejection } from "../../../support/rejection.ts";

const REQUEST = { max: 10, maxBytes: 1000, waitMs: 60_000 };

async function readerForTest() {
  const { netlog } = await openNetlog();
  const topic = await netlog.createTopic("events");
  return { reader: new LocalLogReader(netlog), topic };
}

test("a read that waited leaves nothing behind at a signal that lives on", async () => {
  const { reader, topic } = await readerForTest();
  const { signal } = new AbortController();
  for (let from = 0; from < 3; from++) {
    const read = reader.read("events", { ...REQUEST, from, signal });
    await topic.publish({ payload: Buffer.from("a") });
    expect(await read).toMatchObject({ kind: "messages", messages: [{ offset: from }] });
  }
  expect(getEventListeners(signal, "abort")).toEqual([]);
});

test("a read that waits ends when its signal is aborted, and one that begins behind that", async () => {
  const { reader } = await readerForTest();
  const controller = new AbortController();
  const why = new Error("stop");
  const read = rejection(reader.read("events", { ...REQUEST, from: 0, signal: controller.signal }));
  controller.abort(why);
  expect(await read).toBe(why);
  expect(await rejection(reader.read("events", { ...REQUEST, from: 0, signal: controller.signal }))).toBe(
    why,
  );
});
