/** One run of `netlog copy` or `netlog export`: opens both places, shows how far it has come, prints the outcome. */
import {
  isNetlogClientError,
  type Offset,
  type Topic,
  type TopicSettings,
} from "../../../lib/client/index.ts";
import { EXIT } from "../../cli/command.ts";
import { formatBytes } from "../../cli/figures.ts";
import { ProgressBar } from "../../cli/progress-bar.ts";
import { type StopWatch, statusOf, watchStopSignals } from "../../cli/signals.ts";
import { UsageError } from "../../cli/usage-error.ts";
import type { ClientCall } from "../call/client-command.ts";
import { connect } from "../call/connection.ts";
import { failureStatus, failureText, isFailure } from "../call/failure.ts";
import type { Optional } from "../call/flags.ts";
import { warn, warnOfRetry } from "../call/warn.ts";
import { LineTooLongError } from "../input/lines.ts";
import { countText, messagesText } from "../output/figures.ts";
import { CopyError } from "./copy-error.ts";
import { type FileFormat, formatOf } from "./file-format.ts";
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
  readonly format: Optional<FileFormat>;
}

export interface CopyOptions extends ExportOptions {
  readonly follow: boolean;
  /** Closes the target where the source is closed. */
  readonly close: boolean;
  readonly toTokenFrom: Optional<string>;
}

/** What a copy needs of its surroundings. */
interface Copy {
  readonly call: ClientCall<CopyOptions>;
  readonly from: Place;
  readonly to: Place;
  readonly stop: StopWatch;
  /** Reports messages that are left out. */
  readonly onMissing: (text: string) => void;
}

export async function startCopy(call: ClientCall<CopyOptions>, from: Place, to: Place): Promise<number> {
  if (from.kind !== "topic" && to.kind !== "topic")
    throw new UsageError("one of the two places must be a topic");
  if (call.options.format !== null && from.kind === "topic" && to.kind === "topic") {
    throw new UsageError("--format is for files and pipes; between topics messages are copied as they are");
  }
  if (isSameTopic(from, to, call.options.server))
    throw new UsageError("a topic cannot be copied into itself");
  if (call.options.follow && to.kind !== "topic") {
    throw new UsageError("--follow is for a copy to a topic; netlog tail --json follows into a file");
  }
  if (call.options.close && (from.kind !== "topic" || to.kind !== "topic")) {
    throw new UsageError("--close is for a copy from topic to topic; netlog close closes any topic");
  }
  const stop = watchStopSignals();
  const bar = new ProgressBar(call.stderr, "copy");
  let progress: CopyProgress | undefined;
  let isClosed = false;
  let isWhole = true;
  const onMissing = (text: string): void => {
    isWhole = false;
    warn(call.stderr, text);
  };
  try {
    const { source, target } = await open({ call, from, to, stop, onMissing });
    try {
      progress = await runCopy(source, target, {
        signal: stop.signal,
        onProgress: (made) => {
          progress = made;
          showProgress(bar, source, made);
        },
        onBegin: () => {
          if (to.kind === "topic" && !source.isFirstFixed) warn(call.stderr, beginText(source));
        },
        onUncertain: (error) => {
          if (isFailure(error)) warn(call.stderr, `${failureText(error)}; looking what is stored`);
        },
      });
      if (source.isClosed && stop.received === undefined) isClosed = await endCopy(call, from, to, target);
    } finally {
      await target.close();
    }
  } catch (error) {
    bar.clear();
    if (progress !== undefined) tell(call, from, to, progress);
    return statusOfFailure(call, error, progress);
  } finally {
    bar.clear();
    stop.end();
  }
  tell(call, from, to, progress, isClosed);
  if (stop.received !== undefined) return statusOf(stop.received);
  return isWhole ? EXIT.ok : EXIT.partial;
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

/** What comes in would go out again, without end. */
function isSameTopic(from: Place, to: Place, server: string): boolean {
  if (from.kind !== "topic" || to.kind !== "topic" || from.name !== to.name) return false;
  return new URL(from.server ?? server).href === new URL(to.server ?? server).href;
}

async function open({ call, from, to, stop, onMissing }: Copy): Promise<{ source: Source; target: Target }> {
  const { options, environment, stderr } = call;
  const format = formatOf(pathOf(from) ?? pathOf(to), options.format);
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

function pathOf(place: Place): string | undefined {
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

function tell(
  { options, stdout, stderr }: ClientCall<CopyOptions>,
  from: Place,
  to: Place,
  progress: CopyProgress | undefined,
  isClosed = false,
): void {
  const { held, copied, bytes } = progress ?? { held: 0, copied: 0, bytes: 0 };
  // Standard output may hold the messages themselves.
  const output = to.kind === "pipe" ? stderr : stdout;
  if (to.kind === "pipe" && stderr.isTTY !== true && !options.json) return;
  const json = {
    from: placeText(from),
    to: placeText(to),
    held,
    copied,
    bytes,
    ...(isClosed && { closed: true }),
  };
  const behind = held === 0 ? "" : `, behind ${countText(held)} that were there`;
  const text = `copied ${messagesText(copied)}${behind}`;
  output.write(`${options.json ? JSON.stringify(json) : text}\n`);
}

function statusOfFailure(
  { stderr }: ClientCall<CopyOptions>,
  error: unknown,
  progress: CopyProgress | undefined,
): number {
  const isSystem = error instanceof Error && "syscall" in error;
  const isOwn = error instanceof CopyError || error instanceof LineTooLongError || isSystem;
  if (!isOwn && !isFailure(error)) throw error;
  warn(stderr, isFailure(error) ? failureText(error) : error.message);
  if (progress !== undefined && progress.copied > 0) return EXIT.partial;
  return isFailure(error) ? failureStatus(error) : EXIT.failed;
}
