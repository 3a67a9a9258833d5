/** A view at work, as its surfaces, the status and the metrics see it. */
import type { Tally } from "../index.ts";
import type { Reads } from "./database/database.ts";
import type { LogReader } from "./reading/log-reader.ts";

/** Numbers since the process began, and what is the case now. */
export interface ViewFigures {
  readonly name: string;
  /** Messages that are not applied yet, of all its topics; `undefined`: not known yet. */
  readonly lagMessages: number | undefined;
  readonly appliedCount: number;
  /** Messages that `decode` refused. */
  readonly malformedCount: number;
  /** Messages that `apply` refused. */
  readonly refusedCount: number;
  /** Messages that retention, or damage, took before they were read. */
  readonly missedCount: number;
  /** How long each batch took, its commit included. */
  readonly batchMs: Tally;
  /** This process applies messages; others of the same database serve reads. */
  readonly isRunner: boolean;
}

export interface TopicStatus {
  readonly topic: string;
  /** `undefined`: the topic is missing, and is waited for. */
  readonly topicId: string | undefined;
  /** Offset of the next message to be applied. */
  readonly next: number | undefined;
  readonly lagMessages: number | undefined;
}

export interface ViewStatus {
  readonly name: string;
  readonly topics: readonly TopicStatus[];
  readonly rows: number | undefined;
  readonly deadLetters: number | undefined;
  readonly isRunner: boolean;
  readonly isReady: boolean;
  /** Why it is not ready. */
  readonly trouble: string | undefined;
}

export interface RunningView {
  readonly name: string;
  /** Its tables. */
  readonly reads: Reads;
  /** The log that it reads, and appends to. */
  readonly log: LogReader;
  /**
   * Resolves when message `offset` of `topic` was applied, or became a dead letter. @throws the signal's reason; ViewStopped
   * when that will not come about.
   */
  applied(topic: string, offset: number, signal: AbortSignal): Promise<void>;
  /** Why it is not ready; `undefined`: the database answers, and the lag is below the limit. */
  troubleNow(): Promise<string | undefined>;
  /** True while its loop moves or waits as it should. */
  readonly isLive: boolean;
  figures(): ViewFigures;
  status(): Promise<ViewStatus>;
}
