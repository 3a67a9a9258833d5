/**
 * Copies from a source to a target, and goes on where an earlier copy ended: the target says what it holds, and the
 * last message there must be the one at that place of the source. So nothing is copied twice, nor left out, as long as
 * the target takes nothing but the copy.
 */
import type { ToldMessage } from "../output/message-json.ts";
import { CopyError } from "./copy-error.ts";
import type { Source } from "./source.ts";
import type { Held, Target } from "./target.ts";
import { isUncertain } from "./topic-target.ts";

export interface CopyProgress {
  /** Messages that were there already. */
  readonly held: number;
  readonly copied: number;
  readonly bytes: number;
}

interface CopyOptions {
  /** That of the source: aborted, reading ends, and what was read is written. */
  readonly signal: AbortSignal;
  /** Called when the target holds nothing yet. */
  readonly onBegin: () => void;
  readonly onProgress: (progress: CopyProgress) => void;
  /** Called when it is unknown whether the messages sent last are stored; the copy then looks. */
  readonly onUncertain: (error: unknown) => void;
}

/** Looks in a row that find nothing new. */
const MAX_FRUITLESS = 5;

/** @throws CopyError; what reading and writing throw. What `onProgress` reported is copied also then. */
export async function runCopy(source: Source, target: Target, options: CopyOptions): Promise<CopyProgress> {
  let held = await target.held();
  if (held.count === 0) options.onBegin();
  let progress: CopyProgress = { held: held.count, copied: 0, bytes: 0 };
  const onCopied = (count: number, bytes: number): void => {
    progress = { ...progress, copied: progress.copied + count, bytes: progress.bytes + bytes };
    options.onProgress(progress);
  };
  let fruitless = 0;
  for (;;) {
    try {
      await target.take(remaining(source, held, options.signal), onCopied);
      return progress;
    } catch (error) {
      if (!isUncertain(error) || fruitless === MAX_FRUITLESS) throw error;
      options.onUncertain(error);
      held = await target.held();
      const stored = held.count - progress.held - progress.copied;
      fruitless = stored > 0 ? 0 : fruitless + 1;
      if (stored > 0) onCopied(stored, 0);
    }
  }
}

/** What the target does not hold yet. */
async function* remaining(
  source: Source,
  held: Held,
  signal: AbortSignal,
): AsyncGenerator<readonly ToldMessage[], void, undefined> {
  if (held.count === 0) {
    yield* source.read(source.first);
    return;
  }
  const lastPlace = placeOfLast(source, held);
  let isLastSeen = false;
  for await (const messages of source.read(lastPlace)) {
    if (isLastSeen) {
      yield messages;
      continue;
    }
    isLastSeen = true;
    requireSame(messages[0]!, lastPlace, held);
    if (messages.length > 1) yield messages.slice(1);
  }
  if (!isLastSeen && !signal.aborted)
    throw new CopyError(`the target holds ${held.count} messages, more than the source has`);
}

/** @throws CopyError when the target's last message is not the one at its place of the source. */
function requireSame({ offset, payload }: ToldMessage, lastPlace: number, { lastPayload }: Held): void {
  if (offset === lastPlace && Buffer.from(payload).equals(lastPayload!)) return;
  throw new CopyError(
    `the target's last message is not the one at place ${lastPlace} of the source: it holds something else, or its copy began elsewhere`,
  );
}

/** @throws CopyError where the place is unknown. */
function placeOfLast({ first, isFirstFixed }: Source, { count, lastOffset }: Held): number {
  if (lastOffset !== undefined) return lastOffset;
  if (isFirstFixed) return first + count - 1;
  throw new CopyError(
    `the target holds ${count} messages, and the source does not begin at 0: say with --from at which offset their copy began`,
  );
}
