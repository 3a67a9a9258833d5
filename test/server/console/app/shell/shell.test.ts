import { describe, expect, it } from "vitest";
import { NetlogClientError } from "../../../../../lib/client/index.ts";
import { isAway, mayPass, sentenceOf } from "../../../../../server/console/app/shell/failure.ts";
import { KeySequences } from "../../../../../server/console/app/shell/keys.ts";
import { neighbourUrl } from "../../../../../server/console/app/shell/neighbour.ts";
import type { TokenStorage } from "../../../../../server/console/app/shell/page-link.ts";
import { Poll } from "../../../../../server/console/app/shell/poll.ts";
import { changedQuery, formatRoute, parseRoute } from "../../../../../server/console/app/shell/route.ts";
import { ServerLink } from "../../../../../server/console/app/shell/server-link.ts";

describe("routes", () => {
  it.each([
    "#/topics",
    "#/server",
    "#/topics/orders",
    "#/topics/orders/scanners?id=w",
    "#/topics/a.b-c/messages?from=15m&filter=%22x%22",
  ])("reads %s as it writes it", (hash) => {
    expect(formatRoute(parseRoute(hash))).toBe(hash);
  });

  it("shows the list of topics for what is no page", () => {
    for (const hash of ["", "#", "#/nowhere", "#/topics/orders/nowhere", "#/topics/%E0%A4%A"]) {
      expect(["topics", "topic"]).toContain(parseRoute(hash).page);
    }
    expect(parseRoute("#/nowhere").page).toBe("topics");
  });

  it("takes out of the query what a change sets to nothing", () => {
    expect(changedQuery({ sort: "lag", after: "x" }, { after: undefined, prefix: "o" })).toEqual({
      sort: "lag",
      prefix: "o",
    });
  });
});

describe("sentences about failures", () => {
  const failed = (code: string, fields = {}): NetlogClientError => new NetlogClientError(code, code, fields);

  it("say what happened, with the server's reason and when to try again", () => {
    expect(sentenceOf(failed("forbidden", { reason: "the token has no right" }))).toBe(
      "Your token may not do this. The token has no right.",
    );
    expect(sentenceOf(failed("too_many_requests", { retryAfterMs: 1500 }))).toMatch(/Try again in 2 s\.$/);
    expect(sentenceOf(failed("storage_full"))).toMatch(/disk is full/);
    expect(sentenceOf(failed("bad_request", { reason: "limit takes 1 or more" }))).toBe(
      "Limit takes 1 or more.",
    );
    expect(sentenceOf(failed("bad_request", { reason: "sort_by must be one of a, b" }))).toBe(
      "sort_by must be one of a, b.",
    );
    expect(sentenceOf(new Error("odd"))).toBe("odd");
  });

  it("tell a server that is away from one that refuses", () => {
    expect(isAway(failed("unreachable"))).toBe(true);
    expect(isAway(failed("forbidden"))).toBe(false);
  });
});

describe("keys", () => {
  it("knows sequences, and forgets one that is not ended in time", () => {
    const done: string[] = [];
    const keys = { "g t": () => done.push("topics"), t: () => done.push("t") };
    const sequences = new KeySequences();
    const press = (key: string, atMs: number): void => void sequences.press(key, atMs, keys)?.();
    press("g", 0);
    press("t", 100);
    press("g", 200);
    press("t", 5000);
    press("x", 5100);
    expect(done).toEqual(["topics", "t"]);
  });
});

class Clock {
  nowMs = 0;
  readonly timers: { call: () => void; delayMs: number }[] = [];
  now(): number {
    return this.nowMs;
  }
  setTimeout(call: () => void, delayMs: number): number {
    this.timers.push({ call, delayMs });
    return this.timers.length - 1;
  }
  clearTimeout(timer: number): void {
    this.timers[timer] = { call: () => {}, delayMs: -1 };
  }
}

/** Resolves when what was under way has come to its end. */
const settled = async (): Promise<void> => {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
};

describe("a program beside the server", () => {
  it.each([
    ["http://127.0.0.1:8080/a/", "localhost", "http://127.0.0.1:8080/a/"],
    ["http://127.0.0.1:8080/a/", "queue.example", undefined],
    ["http://0.0.0.0:8080/a/", "queue.example", "http://queue.example:8080/a/"],
    ["https://[::]:8080/a/", "[2001:db8::1]", "https://[2001:db8::1]:8080/a/"],
    ["http://10.0.0.2:8080/a/", "queue.example", "http://10.0.0.2:8080/a/"],
  ])("%s is reached from %s at %s", (url, pageHost, reached) => {
    expect(neighbourUrl(url, pageHost)).toBe(reached);
  });
});

describe("a poll", () => {
  it("asks again, less often where the answer takes long, and keeps the answer when one fails", async () => {
    const clock = new Clock();
    const answers: (() => Promise<string>)[] = [
      async () => "one",
      async () => {
        clock.nowMs += 2000;
        return "two";
      },
      () => Promise.reject(new NetlogClientError("too_many_requests", "", { retryAfterMs: 7000 })),
    ];
    const poll = new Poll({ ask: () => answers.shift()!(), everyMs: 1000, clock });
    poll.start();
    await settled();
    expect(poll.answer).toBe("one");
    expect(clock.timers.at(-1)!.delayMs).toBe(1000);
    clock.timers.at(-1)!.call();
    await settled();
    expect(clock.timers.at(-1)!.delayMs).toBe(6000);
    clock.timers.at(-1)!.call();
    await settled();
    expect(poll.answer).toBe("two");
    expect(poll.error).toMatchObject({ code: "too_many_requests" });
    expect(clock.timers.at(-1)!.delayMs).toBe(7000);
  });

  it("ends behind an answer that is the last, and begins anew when it is started", async () => {
    const clock = new Clock();
    let asked = 0;
    const poll = new Poll({
      ask: async () => ++asked,
      everyMs: 1000,
      clock,
      isLast: (answer) => answer >= 2,
    });
    poll.start();
    await settled();
    clock.timers.pop()!.call();
    await settled();
    expect([poll.answer, clock.timers]).toEqual([2, []]);
    poll.start();
    await settled();
    expect([poll.answer, clock.timers]).toEqual([3, []]);
  });

  it("ends behind an error that does not pass by itself, and goes on behind one that may", async () => {
    const clock = new Clock();
    const errors = [
      new NetlogClientError("too_many_requests", ""),
      new NetlogClientError("unexpected_answer", "", { status: 503 }),
      new NetlogClientError("unexpected_answer", "", { status: 422 }),
    ];
    const poll = new Poll({
      ask: () => Promise.reject(errors.shift()),
      everyMs: 1000,
      clock,
      isFinal: (error) => !mayPass(error),
    });
    poll.start();
    await settled();
    clock.timers.pop()!.call();
    await settled();
    clock.timers.pop()!.call();
    await settled();
    expect([poll.error, clock.timers]).toEqual([expect.objectContaining({ status: 422 }), []]);
  });

  it("ends where the server asks for a token", async () => {
    const clock = new Clock();
    const poll = new Poll({
      ask: () => Promise.reject(new NetlogClientError("unauthorized", "")),
      everyMs: 1000,
      clock,
    });
    poll.start();
    await settled();
    expect(clock.timers).toEqual([]);
  });
});

describe("the link to the server", () => {
  const storage = (): TokenStorage & {
    readonly kept: Map<string, string>;
  } => {
    const kept = new Map<string, string>();
    return {
      kept,
      getItem: (name) => kept.get(name) ?? null,
      setItem: (name, value) => void kept.set(name, value),
      removeItem: (name) => void kept.delete(name),
    };
  };

  it("knows that the server is gone, asks again by itself, and says when it is back", async () => {
    let isThere = false;
    const beats: (() => void)[] = [];
    const link = new ServerLink({
      url: "http://netlog.test",
      fetch: async () => {
        if (!isThere) throw new TypeError("Failed to fetch");
        return new Response('{"name":"netlog"}');
      },
      storage: storage(),
      setTimeout: (call) => beats.push(call),
    });
    await expect(link.once.topics()).rejects.toThrow();
    expect(link.isGone).toBe(true);
    const back = new Promise<void>((resolve) => {
      link.changes.subscribe(() => {
        if (!link.isGone) resolve();
      });
    });
    isThere = true;
    beats.shift()!();
    await back;
    expect(link.returns).toBe(1);
  });

  it("keeps a token that the server takes, and no other one", async () => {
    const store = storage();
    const urls: string[] = [];
    const link = new ServerLink({
      url: "http://netlog.test",
      fetch: async (input, init) => {
        urls.push(String(input));
        const isGood = new Headers(init?.headers).get("authorization") === "Bearer good";
        return isGood
          ? new Response("[]")
          : new Response('{"ok":false}', { status: 401, headers: { "X-Netlog-Error": "unauthorized" } });
      },
      storage: store,
      setTimeout: () => 0,
    });
    await expect(link.once.topics()).rejects.toMatchObject({ code: "unauthorized" });
    expect(link.needsToken).toBe(true);
    expect(await link.signIn("bad")).toBe(false);
    expect(link.needsToken).toBe(true);
    expect(store.kept.size).toBe(0);
    expect(await link.signIn("good")).toBe(true);
    expect(link.needsToken).toBe(false);
    expect([...store.kept.values()]).toEqual(["good"]);
    // The refusal of another token leaves the one in use, and the page that it shows.
    expect(await link.signIn("bad")).toBe(false);
    expect(link.needsToken).toBe(false);
    expect([...store.kept.values()]).toEqual(["good"]);
    expect(await link.once.topics()).toEqual([]);
    expect(urls.join()).not.toContain("good");
    link.signOut();
    expect(store.kept.size).toBe(0);
  });
});
