/**
 * A view at work. The process that has the writer of its schema applies messages; others serve reads, and take over. Trouble
 * of the database or the log is waited out, and nothing is skipped; what a human has to mend stops the view.
 */
import type { Logger, Runtime } from "../index.ts";
import { AppliedWaits } from "./applied-waits.ts";
import type { Database, Reads, Writer } from "./database/database.ts";
import { DatabaseError, verdictOf } from "./database/database-error.ts";
import { countDeadLetters } from "./dead-letters.ts";
import type { Limits } from "./limits.ts";
import { BackOff, pause } from "./patience.ts";
import { loadPlaces, type Place } from "./places.ts";
import { Pulse } from "./pulse.ts";
import type { LogReader } from "./reading/log-reader.ts";
import { type RebuildRequest, rebuildView } from "./rebuild.ts";
import type { RunningView, ViewFigures, ViewStatus } from "./running-view.ts";
import { standBy } from "./standby.ts";
import type { View, ViewUse } from "./view.ts";
import { ViewCounts } from "./view-counts.ts";
import { ViewProgress } from "./view-progress.ts";
import { ViewSession } from "./view-session.ts";
import { PlaceMoved, ViewStopped } from "./view-stopped.ts";
import { ViewTopics } from "./view-topics.ts";
import { WriterKeeper } from "./writer-keeper.ts";

export interface ViewRunnerOptions {
  readonly createView: (use: ViewUse) => View<unknown>;
  readonly database: Database;
  readonly log: LogReader;
  /** Where it begins in a topic that it has not read. */
  readonly start: "beginning" | "end";
  /** Refused messages never stop it, however many: all of them become dead letters. */
  readonly skipsRefused?: boolean;
  readonly limits: Limits;
  readonly logger: Logger;
  readonly runtime: Runtime;
}

type Phase = "idle" | "starting" | "standby" | "running" | "waiting" | "stopped";

export class ViewRunner implements RunningView {
  readonly name: string;
  readonly reads: Reads;
  readonly log: LogReader;
  readonly #options: ViewRunnerOptions;
  readonly #topics: ViewTopics;
  readonly #counts = new ViewCounts();
  readonly #waits = new AppliedWaits();
  readonly #progress: ViewProgress;
  readonly #keeper: WriterKeeper;
  readonly #pulse: Pulse;
  readonly #backOff: BackOff;
  #view: View<unknown>;
  #session: ViewSession | undefined;
  #phase: Phase = "idle";
  #trouble: string | undefined;
  #work: { readonly controller: AbortController; readonly ended: Promise<void> } | undefined;
  #rebuild: { readonly controller: AbortController; readonly ended: Promise<void> } | undefined;

  constructor(options: ViewRunnerOptions) {
    this.#options = options;
    this.#view = options.createView("live");
    this.name = this.#view.name;
    this.#topics = new ViewTopics(this.#view.topics);
    this.reads = options.database.reads(this.name);
    this.log = options.log;
    this.#progress = new ViewProgress(this.#topics, options.log, this.#waits);
    this.#keeper = new WriterKeeper(options.database, this.name);
    this.#backOff = new BackOff(options.limits);
    this.#pulse = new Pulse(options.runtime);
  }

  /** Begins, or goes on; returns at once. */
  start(): void {
    if (this.#work !== undefined) return;
    const controller = new AbortController();
    this.#phase = "starting";
    this.#work = { controller, ended: this.#loop(controller.signal) };
  }

  /** Finishes the batches in hand, and gives a rebuild up. */
  async stop(): Promise<void> {
    const stopped = new ViewStopped(`the view ${this.name} is being stopped`);
    this.#rebuild?.controller.abort(stopped);
    await this.#rebuild?.ended.catch(() => {});
    await this.#end();
    this.#waits.fail(new ViewStopped(`the view ${this.name} is stopped`));
  }

  async applied(topic: string, offset: number, signal: AbortSignal): Promise<void> {
    await this.#waits.wait(topic, offset, signal);
  }

  get isLive(): boolean {
    return this.#pulse.hasMovedWithin(this.#options.limits.liveMs);
  }

  async troubleNow(): Promise<string | undefined> {
    const { database, limits } = this.#options;
    const known = this.#trouble ?? this.#session?.trouble;
    if (known !== undefined) return known;
    try {
      await database.ping();
    } catch (error) {
      return `the database does not answer: ${messageOf(error)}`;
    }
    if (this.#phase === "idle" || this.#phase === "starting") return "the view is starting";
    if (this.#phase === "standby") await this.#progress.look(AbortSignal.timeout(limits.statementMs));
    const lag = this.#progress.lagMessages;
    if (lag === undefined || lag <= limits.readyLagMessages) return undefined;
    return `the view is ${lag} messages behind, more than ${limits.readyLagMessages}`;
  }

  figures(): ViewFigures {
    const { applied, malformed, refused, missed, batchMs } = this.#counts;
    return {
      name: this.name,
      lagMessages: this.#progress.lagMessages,
      appliedCount: applied,
      malformedCount: malformed,
      refusedCount: refused,
      missedCount: missed,
      batchMs,
      isRunner: this.#session !== undefined,
    };
  }

  async status(): Promise<ViewStatus> {
    const { reads, name } = this;
    // Where the database is away, the status says so, and has no figures.
    const [places, rows, deadLetters, trouble] = await Promise.all([
      loadPlaces(reads, name).catch(() => undefined),
      this.#view.countRows(reads).catch(() => undefined),
      countDeadLetters(reads, name).catch(() => undefined),
      this.troubleNow(),
    ]);
    await this.#progress.look(AbortSignal.timeout(this.#options.limits.statementMs));
    return {
      name,
      topics: this.#progress.statusWith(places),
      rows,
      deadLetters,
      isRunner: this.#session !== undefined,
      isReady: trouble === undefined,
      trouble,
    };
  }

  /**
   * Fills new tables from the log and puts them in the place of the old ones in one step; reads go on meanwhile. Ends
   * without a change where it fails.
   *
   * @throws ViewStopped with what would be lost, unless `forgetsOlder`; where another process runs the view, or a rebuild
   *   is under way; DatabaseError; LogUnavailable.
   */
  async rebuild(request: RebuildRequest): Promise<void> {
    if (this.#rebuild !== undefined) throw new ViewStopped(`the view ${this.name} is being rebuilt already`);
    if (this.#phase === "standby") {
      throw new ViewStopped(`another process runs the view ${this.name}; ask that one to rebuild it`);
    }
    const controller = new AbortController();
    const signal = AbortSignal.any([request.signal, controller.signal]);
    const skipsRefused = request.skipsRefused === true || this.#options.skipsRefused === true;
    const ended = this.#rebuildTables({ ...request, signal, skipsRefused }, controller.signal);
    this.#rebuild = { controller, ended };
    try {
      await ended;
    } finally {
      this.#rebuild = undefined;
    }
  }

  async #rebuildTables(request: RebuildRequest, stopped: AbortSignal): Promise<void> {
    const wasRunning = this.#work !== undefined;
    // Where the view does not run here, another process that runs it is found before an hour of work.
    if (!wasRunning) await this.#keeper.keepOne();
    try {
      const takeWriter = (): Promise<Writer> => this.#keeper.take(() => this.#end());
      await rebuildView({ ...this.#options, request, current: this.#view, takeWriter });
      this.#trouble = undefined;
      this.#waits.forgetAll();
    } finally {
      // It remembers nothing of tables that may have gone.
      this.#view = this.#options.createView("live");
      await this.#keeper.close();
      if (wasRunning && !stopped.aborted) this.start();
    }
  }

  async #end(): Promise<void> {
    const work = this.#work;
    this.#work = undefined;
    work?.controller.abort(new ViewStopped("the view is being stopped"));
    await work?.ended;
    this.#phase = "idle";
  }

  async #loop(signal: AbortSignal): Promise<void> {
    const { runtime, limits } = this.#options;
    while (!signal.aborted) {
      const begunMs = runtime.elapsedMs();
      try {
        await this.#run(signal);
      } catch (error) {
        if (signal.aborted) return;
        if (runtime.elapsedMs() - begunMs > limits.backOffMaxMs) this.#backOff.reset();
        if (isWaitedOut(error)) await this.#waitOut(error, signal);
        else await this.#halt(error, signal);
      } finally {
        this.#session = undefined;
        this.#pulse.clear();
      }
    }
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { database, limits, runtime } = this.#options;
    const onPlace = (place: Place): void => this.#progress.notePlace(place);
    let writer = await database.openWriter(this.name);
    if (writer === undefined) {
      this.#enter("standby", "another process runs the view; this one serves reads");
      const options = { viewName: this.name, database, waits: this.#waits, limits, runtime, onPlace };
      writer = await standBy(options, signal);
      if (writer === undefined) return;
    }
    try {
      const session = this.#openSession(writer);
      this.#session = session;
      await session.run(signal);
    } finally {
      await this.#keeper.giveBack(writer);
    }
  }

  #openSession(writer: Writer): ViewSession {
    return new ViewSession({
      ...this.#options,
      view: this.#view,
      topics: this.#topics,
      writer,
      counts: this.#counts,
      onBegin: (places) => {
        for (const place of places) this.#progress.notePlace(place);
        // What failed before may fail again. Where messages wait, the first that is applied shows that it does not.
        if (this.#trouble === undefined || !this.#progress.lagMessages) this.#enterRunning();
      },
      onPlace: (place) => {
        this.#backOff.reset();
        this.#pulse.noteMove();
        this.#progress.notePlace(place);
        this.#enterRunning();
      },
      onEnd: (topic, end) => this.#progress.noteEnd(topic, end),
      onMove: (topic, state) => this.#pulse.note(topic, state),
    });
  }

  #enterRunning(): void {
    this.#enter("running", "the view applies messages");
  }

  #enter(phase: Phase, message: string): void {
    this.#trouble = undefined;
    if (this.#phase === phase) return;
    this.#phase = phase;
    this.#options.logger.info({ view: this.name, database: this.#options.database.description }, message);
  }

  async #waitOut(error: unknown, signal: AbortSignal): Promise<void> {
    const { logger, runtime } = this.#options;
    const reason = messageOf(error);
    const trouble = `the database cannot be used: ${reason}`;
    if (this.#trouble !== trouble) {
      const sqlState = error instanceof DatabaseError ? error.sqlState : undefined;
      logger.error({ view: this.name, reason, sqlState }, `the view waits for its database: ${reason}`);
    }
    this.#trouble = trouble;
    this.#phase = "waiting";
    await this.#progress.look(signal);
    await pause(runtime, this.#backOff.nextMs(), signal);
  }

  async #halt(error: unknown, signal: AbortSignal): Promise<void> {
    const { logger } = this.#options;
    this.#phase = "stopped";
    this.#trouble = `the view is stopped: ${messageOf(error)}`;
    logger.error({ view: this.name, err: error }, "the view is stopped, and applies nothing more");
    this.#waits.fail(error instanceof ViewStopped ? error : new ViewStopped(messageOf(error), error));
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      else signal.addEventListener("abort", () => resolve(), { once: true });
    });
  }
}

function isWaitedOut(error: unknown): boolean {
  if (error instanceof PlaceMoved) return true;
  return !(error instanceof ViewStopped) && verdictOf(error) === "wait";
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
