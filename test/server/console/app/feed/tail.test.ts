/** A live tail: each message once over breaks, pauses and a server that was away, and what it says meanwhile. */
import { describe, expect, it } from "vitest";
import { Tail, type TailOptions } from "../../../../../server/console/app/feed/tail.ts";
import { TailRows } from "../../../../../server/console/app/feed/tail-rows.ts";
import {
  line,
  notListening,
  refused,
  Script,
  type Step,
  silence,
  streaming,
} from "../../../../lib/client/scripted-fetch.ts";

const CLOSED = '{"closed":true,"next":9}\n';

interface Followed {
  readonly script: Script;
  readonly rows: TailRows;
  readonly tail: Tail;
  readonly states: string[];
  readonly ended: Promise<void>;
  /** Lets the script's time pass until this holds. */
  until(isSo: () => boolean): Promise<void>;
}

function follow(steps: readonly Step[], options: Partial<TailOptions> = {}): Followed {
  const script = new Script(...steps);
  const rows = new TailRows();
  const states: string[] = [];
  const tail: Tail = new Tail({
    topic: script.client().topic("t"),
    rows,
    from: 0,
    keys: [],
    onChange: () => {
      if (states.at(-1) !== tail.state.kind) states.push(tail.state.kind);
    },
    frames: { request: (call) => setImmediate(call), turn: () => undefined },
    sleep: (delayMs) =>
      new Promise((resolve) => {
        script.runtime.setTimer(delayMs, resolve);
      }),
    ...options,
  });
  const ended = tail.run();
  const until = (isSo: () => boolean): Promise<void> =>
    script.settle(
      (async () => {
        while (!isSo()) await script.manual.turn();
      })(),
    );
  return { script, rows, tail, states, ended, until };
}

function shown(rows: TailRows): string[] {
  return Array.from({ length: rows.length }, (_, place) => {
    const row = rows.at(place)!;
    return row.kind === "message" ? row.message.text() : `${row.kind} ${row.offset}+${row.count}`;
  });
}

const targets = ({ script }: Followed): string[] => script.asked.map(({ target }) => target);

describe("a live tail", () => {
  it("goes on behind the last message when the connection breaks, with none lost or twice", async () => {
    const followed = follow([
      streaming("breaks", line(0), line(1), '{"offset":2,"time'),
      notListening(),
      streaming("ends", line(2), CLOSED),
    ]);
    await followed.script.settle(followed.ended);
    expect(shown(followed.rows)).toEqual(["m0", "m1", "m2"]);
    expect(targets(followed)).toEqual([
      "/t/stream?from=0&format=ndjson",
      "/t/stream?from=2&format=ndjson",
      "/t/stream?from=2&format=ndjson",
    ]);
    expect(followed.states).toEqual(["live", "away", "live", "closed"]);
  });

  it("is patient from the beginning: the server may be away when the page is opened", async () => {
    const away = Array.from({ length: 12 }, notListening);
    const followed = follow([...away, streaming("ends", line(0), CLOSED)]);
    await followed.script.settle(followed.ended);
    expect(shown(followed.rows)).toEqual(["m0"]);
    expect(followed.states).toEqual(["away", "live", "closed"]);
  });

  it("tries again at once when the page knows that the server is back", async () => {
    const followed = follow([streaming("breaks", line(0)), silence, streaming("ends", line(1), CLOSED)]);
    await followed.until(() => followed.script.asked.length === 2);
    expect(followed.tail.state.kind).toBe("away");
    const beforeMs = followed.script.times.at(-1);
    followed.tail.retryNow();
    await followed.ended;
    expect(followed.script.times.at(-1)).toBe(beforeMs);
    expect(shown(followed.rows)).toEqual(["m0", "m1"]);
  });

  it("reads nothing while it is paused, and goes on where it stopped", async () => {
    const followed = follow([streaming("stays", line(0), line(1)), streaming("ends", line(2), CLOSED)]);
    await followed.until(() => followed.rows.length === 2);
    followed.tail.pause();
    for (let turn = 0; turn < 20; turn++) await followed.script.manual.turn();
    expect(followed.script.asked).toHaveLength(1);
    expect(followed.script.asked[0]!.signal.aborted).toBe(true);
    expect(followed.tail.state.kind).toBe("paused");
    followed.tail.resume();
    await followed.script.settle(followed.ended);
    expect(shown(followed.rows)).toEqual(["m0", "m1", "m2"]);
    expect(targets(followed)[1]).toBe("/t/stream?from=2&format=ndjson");
  });

  it("says what retention dropped, also while it was paused", async () => {
    const followed = follow([
      refused(404, "offset_not_found", { "X-First-Offset": "4" }),
      streaming("ends", line(4), '{"skipped":2,"next":7}\n', line(7), CLOSED),
    ]);
    await followed.script.settle(followed.ended);
    expect(shown(followed.rows)).toEqual(["skipped 0+4", "m4", "skipped 5+2", "m7"]);
  });

  it("says what is damaged, and goes on behind it", async () => {
    const damage = refused(500, "checksum_error", { "X-Offset": "1", "X-Next-Offset": "3" });
    const followed = follow([streaming("breaks", line(0)), damage, streaming("ends", line(3), CLOSED)]);
    await followed.script.settle(followed.ended);
    expect(shown(followed.rows)).toEqual(["m0", "damaged 1+2", "m3"]);
  });

  it.each([
    [404, "topic_not_found"],
    [403, "forbidden"],
  ])("ends with the reason at a %i, and keeps its rows", async (status, code) => {
    const followed = follow([streaming("breaks", line(0)), refused(status, code)]);
    await followed.script.settle(followed.ended);
    expect(followed.tail.state).toMatchObject({ kind: "failed", error: { code } });
    expect(shown(followed.rows)).toEqual(["m0"]);
  });

  it("stops for good", async () => {
    const followed = follow([streaming("stays", line(0))]);
    await followed.until(() => followed.rows.length === 1);
    followed.tail.stop();
    await followed.ended;
    expect(followed.script.asked[0]!.signal.aborted).toBe(true);
  });

  it("waits for the page to draw, when it says so, and draws once for all that came", async () => {
    const turns: (() => void)[] = [];
    const frames: (() => void)[] = [];
    const followed = follow([streaming("stays", line(0), line(1), line(2))], {
      frames: {
        request: (call) => frames.push(call),
        turn: () => new Promise((resolve) => turns.push(resolve)),
      },
    });
    await followed.until(() => turns.length === 1);
    expect(followed.rows.length).toBe(1);
    turns.shift()!();
    await followed.until(() => turns.length === 1);
    expect(followed.rows.length).toBe(2);
    expect(frames).toHaveLength(1);
    followed.tail.stop();
    turns.shift()!();
    await followed.ended;
  });

  it("asks the server for the keys of the filter alone", async () => {
    const followed = follow([streaming("ends", CLOSED)], { keys: ["a", "b"] });
    await followed.script.settle(followed.ended);
    expect(targets(followed)).toEqual(["/t/stream?from=0&key=a&key=b&format=ndjson"]);
  });
});
