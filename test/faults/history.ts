/**
 * What clients asked of a cluster and what they were answered, in the order in which it happened. It is all that the
 * promises (promises.ts) go by, so a history that was written down can be checked again.
 */

/**
 * `refused`: the answer said that nothing was kept. `unknown`: nobody knows, since no answer came, or `sync_failed`.
 */
export type Outcome = "done" | "refused" | "unknown";

interface Request {
  /** Milliseconds since the run began: when it was sent, and when its outcome was known. */
  readonly sentMs: number;
  readonly endedMs: number;
  /** The server that was asked. */
  readonly server: string;
  readonly outcome: Outcome;
  /** What was answered in place of success: a status and an error, or why there was no answer. */
  readonly failure?: string;
}

/** Several payloads were published together. With a key the request was sent until it was answered, and this is the last of them. */
export interface Publish extends Request {
  readonly kind: "publish";
  readonly payloads: readonly string[];
  readonly key?: string;
  /** The server was to answer itself, and not to send it on. */
  readonly isDirect?: true;
  /** The first payload's offset, where it is `done`. */
  readonly offset?: number;
}

/** The next message of a persistent scanner, which one client alone reads; none where `offset` is absent. */
export interface Scan extends Request {
  readonly kind: "scan";
  readonly scanner: string;
  readonly offset?: number;
  readonly payload?: string;
}

/** A message of a scanner with acknowledgements, as `scan` has it. */
export interface Lease extends Omit<Scan, "kind"> {
  readonly kind: "lease";
}

/** A leased message was settled. */
export interface Ack extends Request {
  readonly kind: "ack";
  readonly scanner: string;
  readonly offset: number;
}

/** A message that was acknowledged is read by its offset. */
export interface Read extends Request {
  readonly kind: "read";
  readonly offset: number;
  readonly payload?: string;
}

/** Something was done to the cluster. */
export interface Fault {
  readonly kind: "fault";
  readonly sentMs: number;
  readonly endedMs: number;
  readonly name: string;
}

export type Asked = Publish | Scan | Lease | Ack | Read;

export type Event = Asked | Fault;

/** A topic as it is found when all faults are over. */
export interface Found {
  readonly firstOffset: number;
  /** All of its messages, from `firstOffset` on. */
  readonly messages: readonly {
    readonly offset: number;
    readonly timeMs: number;
    readonly payload: string;
  }[];
}

export class History {
  readonly events: Event[] = [];
  readonly #beganAt: number = performance.now();

  now(): number {
    return performance.now() - this.#beganAt;
  }

  add(event: Event): void {
    this.events.push(event);
  }

  /** A line of JSON for each event. */
  print(): string {
    return this.events.map((event) => `${JSON.stringify(event)}\n`).join("");
  }

  /** Requests that were sent and answered in this time. */
  within(fromMs: number, untilMs: number): Asked[] {
    const asked = this.events.filter((event) => event.kind !== "fault");
    return asked.filter(({ sentMs, endedMs }) => sentMs >= fromMs && endedMs <= untilMs);
  }

  /** The longest time without a publish that was answered, from `fromMs` to `untilMs`. */
  longestGapMs(fromMs: number, untilMs: number): number {
    const answers = this.events.flatMap((event) =>
      event.kind === "publish" && event.outcome === "done" ? [event.endedMs] : [],
    );
    const within = answers.filter((ms) => ms >= fromMs && ms <= untilMs).toSorted((a, b) => a - b);
    let longest = 0;
    let before = fromMs;
    for (const ms of [...within, untilMs]) {
      longest = Math.max(longest, ms - before);
      before = ms;
    }
    return longest;
  }
}
