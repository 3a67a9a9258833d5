/** Copies the topics of a server ahead while it serves them, and goes on with what comes, until the command is stopped. */
import { isNetlogClientError, type NetlogClient, type TopicFigures } from "../../lib/client/index.ts";
import { CopyAhead, type CopyingStorage, isNetlogError, nodeRuntime } from "../../lib/index.ts";
import { EXIT } from "../cli/command.ts";
import { counted } from "../cli/figures.ts";
import { ProgressBar } from "../cli/progress-bar.ts";
import { statusOf, watchStopSignals } from "../cli/signals.ts";
import { UsageError } from "../cli/usage-error.ts";
import { connect } from "../client/call/connection.ts";
import { failureText } from "../client/call/failure.ts";
import { warn } from "../client/call/warn.ts";
import { type Migration, reasonOf, withFolder, withNats } from "./migration.ts";
import { readTopics, requireInFolder, servedTopic } from "./served-topics.ts";

/** Topics that are copied at a time. */
const COPIES = 4;
/** Between two looks at the server, when little is left. */
const LOOK_MS = 500;
/** Errors of a server that is away, and of a topic that is deleted or loses messages to retention meanwhile. */
const PASSING: readonly string[] = [
  "unreachable",
  "connection_lost",
  "timed_out",
  "request_timeout",
  "too_many_requests",
  "shutting_down",
  "topic_unavailable",
  "topic_not_found",
  "offset_not_found",
];
const MESSAGES = { format: (amount: number) => amount.toLocaleString("en"), noun: " messages" };

export function followServer(migration: Migration): Promise<number> {
  const { options } = migration;
  const open = options.isBack ? withFolder : withNats;
  return open(options, async (to) => {
    const stop = watchStopSignals();
    const netlog = connect(options.server, options, migration.context.environment);
    const follower = new Follower(migration, netlog, to, stop.signal);
    try {
      await follower.run();
      if (follower.hasTrouble) return EXIT.failed;
      return follower.hasCaughtUp ? EXIT.ok : statusOf(stop.received!);
    } finally {
      await follower.close();
      stop.end();
    }
  });
}

interface Followed {
  readonly ahead: CopyAhead;
  /** What the server said of the topic when it was copied last: only a change is a reason to look again. */
  figures: string;
  /** Why it could not be copied, as it was told. */
  trouble: string | undefined;
  /** The server did not answer as it should in the last round. */
  isAway: boolean;
  /** It can be copied no more in this run. */
  isOver: boolean;
}

class Follower {
  readonly #migration: Migration;
  readonly #netlog: NetlogClient;
  readonly #to: CopyingStorage;
  readonly #signal: AbortSignal;
  readonly #bar: ProgressBar;
  readonly #topics = new Map<string, Followed>();
  /** What is wrong with the server, as it was told. */
  #serverTrouble: string | undefined;
  #done = 0;
  hasCaughtUp = false;

  constructor(migration: Migration, netlog: NetlogClient, to: CopyingStorage, signal: AbortSignal) {
    this.#migration = migration;
    this.#netlog = netlog;
    this.#to = to;
    this.#signal = signal;
    this.#bar = new ProgressBar(migration.context.stderr, "copying ahead");
  }

  get hasTrouble(): boolean {
    return [...this.#topics.values()].some(({ trouble }) => trouble !== undefined);
  }

  /** Until the signal comes. @throws NetlogClientError: the server refuses, or is not there at the beginning; UsageError. */
  async run(): Promise<void> {
    let isFirst = true;
    while (!this.#signal.aborted) {
      const shown = await this.#look(isFirst);
      if (shown !== undefined) {
        if (isFirst) this.#requireNamed(shown);
        isFirst = false;
        await this.#round(shown);
        const isAway = [...this.#topics.values()].some((followed) => followed.isAway);
        if (!isAway && !this.#signal.aborted && this.#leftCount > 0) continue;
        if (!isAway && !this.#signal.aborted) this.#noteCaughtUp();
      }
      await this.#pause();
    }
  }

  async close(): Promise<void> {
    this.#bar.clear();
    await Promise.all([...this.#topics.values()].map(({ ahead }) => ahead.close()));
  }

  /** The server's topics, of those that are wanted; `undefined`: it does not answer now. */
  async #look(isFirst: boolean): Promise<Map<string, TopicFigures> | undefined> {
    try {
      const shown = await readTopics(this.#netlog, this.#signal);
      if (this.#serverTrouble !== undefined) {
        this.#warn("the server answers again");
        this.hasCaughtUp = false;
      }
      this.#serverTrouble = undefined;
      return shown;
    } catch (error) {
      if (this.#signal.aborted) return undefined;
      if (isFirst || !isNetlogClientError(error)) throw error;
      const trouble = failureText(error);
      if (trouble !== this.#serverTrouble) {
        this.#warn(`${trouble}; if it was stopped, the same command without --follow takes the rest`);
      }
      this.#serverTrouble = trouble;
      return undefined;
    }
  }

  #requireNamed(shown: ReadonlyMap<string, TopicFigures>): void {
    const missing = this.#migration.topics.find((name) => !shown.has(name));
    if (missing === undefined) return;
    throw new UsageError(`${this.#migration.options.server} has no topic "${missing}"`);
  }

  async #round(shown: ReadonlyMap<string, TopicFigures>): Promise<void> {
    const { topics } = this.#migration;
    for (const [name, { ahead }] of this.#topics) {
      if (!shown.has(name) && (await this.#isGone(name))) await this.#discard(name, ahead);
    }
    const wanted = [...shown.values()].filter(({ name }) => topics.length === 0 || topics.includes(name));
    const due = wanted.filter((figures) => this.#isDue(figures));
    let next = 0;
    const runOne = async (): Promise<void> => {
      while (next < due.length && !this.#signal.aborted) await this.#advance(due[next++]!);
    };
    await Promise.all(Array.from({ length: COPIES }, runOne));
  }

  #isDue(figures: TopicFigures): boolean {
    const followed = this.#topics.get(figures.name);
    if (followed === undefined) return true;
    const { ahead, figures: before, trouble, isAway, isOver } = followed;
    if (isOver) return false;
    return isAway || ahead.leftCount > 0 || trouble !== undefined || before !== textOf(figures);
  }

  async #advance(figures: TopicFigures): Promise<void> {
    const { name } = figures;
    const followed = this.#topics.get(name) ?? this.#follow(name);
    try {
      if (await followed.ahead.advance(() => this.#signal.aborted)) {
        this.#warn(`${name} was deleted and made again; it is copied anew`);
      }
      followed.figures = textOf(figures);
      followed.isAway = false;
      if (followed.trouble !== undefined) this.#warn(`${name}: the copy goes on`);
      followed.trouble = undefined;
    } catch (error) {
      if (!this.#signal.aborted) this.#noteTrouble(figures, followed, error);
    }
  }

  #follow(name: string): Followed {
    const { options } = this.#migration;
    const requireId = (id: string): Promise<void> =>
      options.isBack ? Promise.resolve() : requireInFolder(options.dir, name, id);
    const ahead = new CopyAhead({
      name,
      from: servedTopic(this.#netlog, name, { signal: this.#signal, requireId }),
      to: this.#to,
      runtime: nodeRuntime,
      onCopied: (messageCount) => this.#show(name, messageCount),
    });
    const followed: Followed = { ahead, figures: "", trouble: undefined, isAway: false, isOver: false };
    this.#topics.set(name, followed);
    return followed;
  }

  /** @throws `error`, where that is a defect. */
  #noteTrouble({ name, failed }: TopicFigures, followed: Followed, error: unknown): void {
    followed.isOver = followed.ahead.isTaken || isNetlogError(error, "topic_exists");
    // The next look finds out whether the server or the topic is gone. One that the server failed to open stays so.
    const mayPass = failed === undefined;
    followed.isAway = mayPass && isNetlogClientError(error) && PASSING.includes(error.code);
    if (followed.isAway) return;
    const reason = followed.ahead.isTaken
      ? "another netlog migrate has taken the copy over, or discarded it"
      : isNetlogClientError(error)
        ? failureText(error)
        : reasonOf(error);
    if (reason !== followed.trouble) this.#warn(`not copied: ${name}: ${reason}`);
    followed.trouble = reason;
  }

  /** A server of an engine leaves out of its list what another one did not tell of in time. */
  async #isGone(name: string): Promise<boolean> {
    try {
      await this.#netlog.topic(name).info({ signal: this.#signal });
      return false;
    } catch (error) {
      return isNetlogClientError(error, "topic_not_found");
    }
  }

  async #discard(name: string, ahead: CopyAhead): Promise<void> {
    this.#topics.delete(name);
    try {
      await ahead.discard();
      this.#warn(`${name} was deleted on the server; its copy is removed`);
    } catch (error) {
      this.#warn(`${name} was deleted on the server; its copy is left: ${reasonOf(error)}`);
    }
  }

  get #leftCount(): number {
    return this.#sum(({ ahead, trouble }) => (trouble === undefined ? ahead.leftCount : 0));
  }

  #sum(of: (followed: Followed) => number): number {
    let sum = 0;
    for (const followed of this.#topics.values()) sum += of(followed);
    return sum;
  }

  #show(name: string, messageCount: number): void {
    this.#done += messageCount;
    if (this.hasCaughtUp) return;
    const left = this.#sum(({ ahead }) => ahead.leftCount);
    this.#bar.update(this.#done, this.#done + left, name, MESSAGES);
  }

  /** Prints that once, and again after the server was away. */
  #noteCaughtUp(): void {
    if (this.hasCaughtUp) return;
    this.hasCaughtUp = true;
    const { options, context } = this.#migration;
    const messageCount = this.#sum(({ ahead }) => ahead.messageCount);
    const topicCount = this.#sum(({ trouble }) => (trouble === undefined ? 1 : 0));
    this.#bar.clear();
    const json = JSON.stringify({ isCaughtUp: true, topicCount, messageCount });
    const next = "stop the server when you want to move, and give the same command without --follow";
    const text = `ahead: ${counted(topicCount, "topic")}, ${counted(messageCount, "message")}; what comes is copied as well; ${next}`;
    context.stdout.write(`${options.json ? json : text}\n`);
  }

  #warn(text: string): void {
    this.#bar.clear();
    warn(this.#migration.context.stderr, text);
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      // It keeps the process, which has no connection while the server is away.
      const timer = setTimeout(end, LOOK_MS);
      const signal = this.#signal;
      function end(): void {
        clearTimeout(timer);
        signal.removeEventListener("abort", end);
        resolve();
      }
      signal.addEventListener("abort", end);
    });
  }
}

/** All that changes when a message comes, or goes. */
function textOf({ messages, messages_in, newest, disk_size, failed }: TopicFigures): string {
  return JSON.stringify([messages, messages_in, newest, disk_size, failed]);
}
