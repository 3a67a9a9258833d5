/** One run of `netlog copy` or `netlog export`, from what was asked for to its outcome. */
import { EXIT } from "../../cli/command.ts";
import { ProgressBar } from "../../cli/progress-bar.ts";
import { statusOf, watchStopSignals } from "../../cli/signals.ts";
import { UsageError } from "../../cli/usage-error.ts";
import type { ClientCall } from "../call/client-command.ts";
import { failureStatus, failureText, isFailure } from "../call/failure.ts";
import { warn } from "../call/warn.ts";
import { LineTooLongError } from "../input/lines.ts";
import { countText, messagesText } from "../output/figures.ts";
import { CopyError } from "./copy-error.ts";
import { formatOf } from "./file-format.ts";
import { type CopyOptions, copyFrames, copyMessages, pathOf } from "./one-copy.ts";
import { type Place, placeText } from "./place.ts";
import type { CopyProgress } from "./run-copy.ts";

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
    const onProgress = (made: CopyProgress): void => {
      progress = made;
    };
    const copy = { call, from, to, stop, bar, onMissing, onProgress };
    const isOfFrames = formatOf(pathOf(from) ?? pathOf(to), call.options.format) === "frames";
    const ended = await (isOfFrames && from.kind === "topic" && to.kind !== "topic"
      ? copyFrames(copy, from, to)
      : copyMessages(copy));
    progress = ended.progress;
    isClosed = ended.isClosed;
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

/** What comes in would go out again, without end. */
function isSameTopic(from: Place, to: Place, server: string): boolean {
  if (from.kind !== "topic" || to.kind !== "topic" || from.name !== to.name) return false;
  return new URL(from.server ?? server).href === new URL(to.server ?? server).href;
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
