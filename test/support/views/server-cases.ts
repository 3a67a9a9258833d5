/** What a view has to keep on a server: it goes away and comes back, and other processes use it. */
import { expect, onTestFinished, test } from "vitest";
import { rejection } from "../rejection.ts";
import type { TestDatabase } from "./databases.ts";
import type { ViewSubject } from "./subject.ts";
import { appliedTo, type OpenReader, SIGNAL, setUp } from "./view-setup.ts";

export function serverCases(subject: ViewSubject, opened: () => TestDatabase, openReader: OpenReader): void {
  const { topic } = subject;

  test("waits for a server that goes away under traffic, and loses and repeats nothing", async () => {
    const { run, publish, fingerprint } = await setUp(subject, opened(), openReader);
    const runner = run();
    await publish(30);
    await appliedTo(runner, topic, 29);
    await opened().postgres?.stop();
    await publish(30, 30);
    await expect.poll(() => runner.troubleNow()).toContain("the database");
    await publish(30, 60);
    await opened().postgres?.restart();
    await appliedTo(runner, topic, 89);
    expect((await runner.status()).rows).toBe(subject.rowsOf(90));
    await runner.stop();
    const inSteps = await fingerprint();
    await opened().clear();
    await appliedTo(run(), topic, 89);
    expect(await fingerprint()).toEqual(inSteps);
  });

  test("two processes on one database: one applies, the other serves reads and takes over", async () => {
    const { run, publish } = await setUp(subject, opened(), openReader);
    await publish(10);
    const first = run();
    await appliedTo(first, topic, 9);
    const other = opened().another();
    onTestFinished(() => other.close());
    const second = run({ database: other });
    await appliedTo(second, topic, 9);
    await publish(10, 10);
    await appliedTo(second, topic, 19);
    expect([first.figures().isRunner, second.figures().isRunner]).toEqual([true, false]);
    expect((await second.status()).rows).toBe(subject.rowsOf(20));
    expect(
      String(await rejection(second.rebuild({ forgetsOlder: true, onProgress: () => {}, signal: SIGNAL }))),
    ).toContain("another process runs the view");
    await first.stop();
    await publish(10, 20);
    await appliedTo(second, topic, 29);
    expect(second.figures().isRunner).toBe(true);
    expect((await second.status()).rows).toBe(subject.rowsOf(30));
    await second.stop();
  });
}
