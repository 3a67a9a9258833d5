/** What one run of `netlog copy` or `netlog export` does between its two places: messages, or frames as they are. */
import {
  isNetlogClientError,
  type Offset,
  type Topic,
  type TopicSettings,
} from "../../../lib/client/index.ts";
import { formatBytes } from "../../cli/figures.ts";
import type { ProgressBar } from "../../cli/progress-bar.ts";
import type { StopWatch } from "../../cli/signals.ts";
import { UsageError } from "../../cli/usage-error.ts";
import type { ClientCall } from "../call/client-command.ts";
import { connect } from "../call/connection.ts";
import { failureText, isFailure } from "../call/failure.ts";
import type { Optional } from "../call/flags.ts";
import { warn, warnOfRetry } from "../call/warn.ts";
import { countText, messagesText } from "../output/figures.ts";
import { exportFrames, FrameFile, FramePipe } from "./export-frames.ts";
import { formatOf, type GivenFormat } from "./file-format.ts";
import { FileSource } from "./file-source.ts";
import { FileTarget, PipeTarget } from "./file-target.ts";
import { type Place, placeText } from "./place.ts";
import { type CopyProgress, runCopy } from "./run-copy.ts";
import type { Source } from "./source.ts";
import type { Target } from "./target.ts";
import { openTopicSource } from "./topic-source.ts";
import { TopicTarget } from "./topic-target.ts";

export interface ExportOptions {
  readonly from: Optional<Offset>;
  readonly format: Optional<GivenFormat>;
}

export interface CopyOptions extends ExportOptions {
  readonly follow: boolean;
  /** Closes the target where the source is closed. */
  readonly close: boolean;
  readonly toTokenFrom: Optional<string>;
}

type TopicPlace = Extract<Place, { readonly kind: "topic" }>;

/** What a copy has come to. */
export interface Ended {
  readonly progress: CopyProgress;
  /** The target is closed, as the source is. */
  readonly isClosed: boolean;
}

/** What a copy needs of its surroundings. */
export interface Copy {
  readonly call: ClientCall<CopyOptions>;
  readonly from: Place;
  readonly to: Place;
  readonly stop: StopWatch;
  readonly bar: ProgressBar;
  /** Reports messages that are left out. */
  readonly onMissing: (text: string) => void;
  readonly onProgress: (progress: CopyProgress) => void;
}

/** @throws what opening, reading and writing throw. What `onProgress` reported is copied also then. */
export async function copyMessages(copy: Copy): Promise<Ended> {
  const { call, from, to, stop, bar, onProgress } = copy;
  const { source, target } = await open(copy);
  try {
    const progress = await runCopy(source, target, {
      signal: stop.signal,
      onProgress: (made) => {
        onProgress(made);
        showProgress(bar, source, made);
      },
      onBegin: () => {
        if (to.kind === "topic" && !source.isFirstFixed) warn(call.stderr, beginText(source));
      },
      onUncertain: (error) => {
        if (isFailure(error)) warn(call.stderr, `${failureText(error)}; looking what is stored`);
      },
    });
    const isAtEnd = source.isClosed && stop.received === undefined;
    return { progress, isClosed: isAtEnd && (await endCopy(call, from, to, target)) };
  } finally {
    await target.close();
  }
}

/** The same for frames, which a file or a pipe takes. */
export async function copyFrames(
  { call, stop, bar, onMissing, onProgress }: Copy,
  from: TopicPlace,
  to: Exclude<Place, TopicPlace>,
): Promise<Ended> {
  const { options, environment, stdout, stderr } = call;
  const { server = options.server, name } = from;
  const topic = connect(server, { tokenFrom: options.tokenFrom }, environment, warnOfRetry(stderr)).topic(
    name,
  );
  // A topic that is not there leaves no file behind.
  const info = await topic.info();
  const target = to.kind === "file" ? await FrameFile.open(to.path) : new FramePipe(stdout);
  try {
    const { isClosed, ...progress } = await exportFrames(topic, info, target, {
      from: options.from,
      signal: stop.signal,
      onMissing,
      onProgress: (made, total) => {
        onProgress(made);
        bar.update(made.copied, total, formatBytes(made.bytes), { format: countText, noun: " messages" });
      },
    });
    if (isClosed)
      warn(stderr, `${placeText(from)} is closed, and its frames say so only if a message closed it`);
    return { progress, isClosed: false };
  } finally {
    await target.close();
  }
}

/** All of a closed topic is copied: closes the copy where that is asked for, and else says that it is open. */
async function endCopy(
  { options, stderr }: ClientCall<CopyOptions>,
  from: Place,
  to: Place,
  target: Target,
): Promise<boolean> {
  if (options.close && (await target.seal())) {
    warn(stderr, `closed ${placeText(to)}, as ${placeText(from)} is`);
    return true;
  }
  const what =
    to.kind === "topic"
      ? `${placeText(to)} is not: --close closes it, too`
      : "its messages in a file do not say so: use `netlog close` on a topic that is made of them";
  warn(stderr, `${placeText(from)} is closed, and ${what}`);
  return false;
}

async function open({ call, from, to, stop, onMissing }: Copy): Promise<{ source: Source; target: Target }> {
  const { options, environment, stderr } = call;
  const format = formatOf(pathOf(from) ?? pathOf(to), options.format);
  if (format === "frames") {
    throw new UsageError(
      "netlog import <file> takes frames, into the data folder of a server that is stopped; --format ndjson goes to a topic of one that runs",
    );
  }
  const onRetry = warnOfRetry(stderr);
  const clientOf = (server: string | undefined, tokenFrom: string | null) =>
    connect(server ?? options.server, { tokenFrom }, environment, onRetry);
  let settings: TopicSettings | undefined;
  let source: Source;
  if (from.kind === "topic") {
    const topic = clientOf(from.server, options.tokenFrom).topic(from.name);
    settings = (await topic.info()).settings;
    // Offsets in the file show what is missing; in a topic nothing would.
    const mayMiss = to.kind !== "topic" && format === "ndjson";
    const { follow } = options;
    source = await openTopicSource(topic, {
      from: options.from,
      follow,
      signal: stop.signal,
      onRetry,
      onMissing: mayMiss ? onMissing : undefined,
    });
  } else if (options.from !== null) {
    throw new UsageError("--from is for the copy of a topic");
  } else if (from.kind === "file") {
    source = FileSource.ofFile(from.path, format, stop.signal);
  } else {
    const input = call.stdin();
    source = FileSource.ofPipe(input, format, input.sizeBytes, stop.signal);
  }
  if (to.kind === "file") return { source, target: await FileTarget.open(to.path, format) };
  if (to.kind === "pipe") return { source, target: new PipeTarget(call.stdout, format) };
  const topic = clientOf(to.server, options.toTokenFrom ?? options.tokenFrom).topic(to.name);
  if (await makeIfMissing(topic, settings)) warn(stderr, `made the topic ${placeText(to)}`);
  return { source, target: new TopicTarget(topic) };
}

/** True when it was made. It looks first, because a token that may write to the topic may lack the right to make it. */
async function makeIfMissing(topic: Topic, settings: TopicSettings | undefined): Promise<boolean> {
  try {
    await topic.info();
    return false;
  } catch (error) {
    if (!isNetlogClientError(error, "topic_not_found")) throw error;
    return await topic.createIfMissing(settings);
  }
}

function beginText({ first }: Source): string {
  return `the copy begins at offset ${first}; going on after an interruption takes --from ${first}`;
}

export function pathOf(place: Place): string | undefined {
  return place.kind === "file" ? place.path : undefined;
}

function showProgress(
  bar: ProgressBar,
  { done, total, unit }: Source,
  { copied, bytes }: CopyProgress,
): void {
  if (unit === "bytes") bar.update(done, total, messagesText(copied));
  else bar.update(done, total, formatBytes(bytes), { format: countText, noun: " messages" });
}
