/** Copies topics whole, out of a storage that nobody serves any more: what was copied ahead, and the rest. */
import { type CopyingStorage, copyStored, DEFAULT_SETTINGS, nodeRuntime } from "../../lib/index.ts";
import { EXIT } from "../cli/command.ts";
import { counted } from "../cli/figures.ts";
import { printable } from "../cli/printable.ts";
import { ProgressBar } from "../cli/progress-bar.ts";
import { statusOf, watchStopSignals } from "../cli/signals.ts";
import { UsageError } from "../cli/usage-error.ts";
import { type Migration, reasonOf, withFolder, withNats } from "./migration.ts";

type Copied =
  | {
      readonly name: string;
      readonly isCopied: true;
      readonly messageCount: number;
      /** Those of the messages that had been copied before. */
      readonly heldCount: number;
      readonly scannerCount: number;
    }
  | { readonly name: string; readonly isCopied: false; readonly reason: string };

/** Topics that are copied at a time: most take the time of some answers of NATS. */
const COPIES = 8;
const MESSAGES = { format: (amount: number) => amount.toLocaleString("en"), noun: " messages" };

export function copyTopics(migration: Migration): Promise<number> {
  const { options } = migration;
  return withNats(options, (nats) =>
    withFolder(options, (files) => {
      const [from, to] = options.isBack ? [nats, files] : [files, nats];
      return copyAll(migration, from, to);
    }),
  );
}

async function copyAll(migration: Migration, from: CopyingStorage, to: CopyingStorage): Promise<number> {
  const { options, topics, context } = migration;
  const names = namesOf(topics, from, to);
  const stop = watchStopSignals();
  const bar = new ProgressBar(context.stderr, "copying");
  const copier = new Copier(from, to, bar, stop.signal);
  let refusedCount = 0;
  try {
    const copies = startInOrder(names, (name) => copier.copy(name));
    for (const copy of copies) {
      const copied = await copy;
      if (copied === undefined) continue;
      if (!copied.isCopied) refusedCount += 1;
      bar.clear();
      context.stdout.write(`${options.json ? JSON.stringify(copied) : textOf(copied)}\n`);
    }
    bar.clear();
    if (stop.received !== undefined) return statusOf(stop.received);
  } finally {
    stop.end();
  }
  if (topics.length === 0) warnOfOthers(migration, names, to);
  return refusedCount === 0 ? EXIT.ok : EXIT.failed;
}

/** @throws UsageError: one is not there. */
function namesOf(topics: readonly string[], from: CopyingStorage, to: CopyingStorage): readonly string[] {
  const missing = topics.find((name) => !(from.topicNames.includes(name) || from.moved.includes(name)));
  if (missing !== undefined) throw new UsageError(`there is no topic "${missing}" to copy`);
  if (topics.length > 0) return topics;
  // An earlier run has ended when it had moved them, and had not made their copies whole.
  const halfway = from.moved.filter((name) => to.copies.some((copy) => copy.name === name));
  return [...from.topicNames, ...halfway].sort();
}

/** Copies of topics that are not where they come from. */
function warnOfOthers({ options, context }: Migration, names: readonly string[], to: CopyingStorage): void {
  for (const { name } of to.copies.filter((copy) => !names.includes(copy.name))) {
    const place = options.isBack ? "NATS" : "the folder";
    const text = `an unfinished copy of ${name} is left, which ${place} does not have; --discard removes it`;
    context.stderr.write(`netlog: ${printable(text)}\n`);
  }
}

/** Some at a time; what each gives, in the order of `names`. */
function startInOrder<Result>(
  names: readonly string[],
  work: (name: string) => Promise<Result>,
): Promise<Result>[] {
  const started: Promise<Result>[] = [];
  for (const [index, name] of names.entries()) {
    const before = started[index - COPIES] ?? Promise.resolve();
    const copying = before.then(() => work(name));
    // The one that comes first is thrown on.
    copying.catch(() => {});
    started.push(copying);
  }
  return started;
}

class Copier {
  readonly #from: CopyingStorage;
  readonly #to: CopyingStorage;
  readonly #bar: ProgressBar;
  readonly #signal: AbortSignal;
  #done = 0;
  #total = 0;

  constructor(from: CopyingStorage, to: CopyingStorage, bar: ProgressBar, signal: AbortSignal) {
    this.#from = from;
    this.#to = to;
    this.#bar = bar;
    this.#signal = signal;
  }

  /** `undefined`: the signal came before all of it was copied. */
  async copy(name: string): Promise<Copied | undefined> {
    if (this.#signal.aborted) return undefined;
    try {
      const copied = await copyStored(name, {
        from: this.#from,
        to: this.#to,
        defaults: DEFAULT_SETTINGS,
        runtime: nodeRuntime,
        signal: this.#signal,
        onBegin: (messageCount, heldCount) => {
          this.#total += messageCount - heldCount;
        },
        onCopied: (messageCount) => {
          this.#done += messageCount;
          this.#bar.update(this.#done, this.#total, name, MESSAGES);
        },
      });
      return { name, isCopied: true, ...copied };
    } catch (error) {
      if (this.#signal.aborted) return undefined;
      return { name, isCopied: false, reason: reasonOf(error) };
    }
  }
}

function textOf(copied: Copied): string {
  if (!copied.isCopied) return printable(`not copied: ${copied.name}: ${copied.reason}`);
  const { name, messageCount, heldCount, scannerCount } = copied;
  const held = heldCount === 0 ? "" : ` (${heldCount} before)`;
  return printable(
    `copied: ${name}: ${counted(messageCount, "message")}${held}, ${counted(scannerCount, "scanner")}`,
  );
}
