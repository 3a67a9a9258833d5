/** A walk over a data folder, as `netlog check` and `netlog import` do it: findings as they come, then a summary. */
import { DataFolderError, type FolderFinding, isNetlogError } from "../../lib/index.ts";
import { type Context, EXIT } from "../cli/command.ts";
import { counted } from "../cli/figures.ts";
import { printable } from "../cli/printable.ts";
import { ProgressBar } from "../cli/progress-bar.ts";
import { statusOf, watchStopSignals } from "../cli/signals.ts";
import { UsageError } from "../cli/usage-error.ts";

/** What a walk reports while it goes on; the engine's options have these names. */
interface WalkEvents {
  readonly onFinding: (finding: FolderFinding) => void;
  readonly onProgress: (doneBytes: number, totalBytes: number) => void;
  /** True after the first signal to stop. */
  readonly isCancelled: () => boolean;
}

/** Prints a line: JSON for scripts, or text for people. */
export type Print = (json: object, text: string) => void;

/**
 * Runs `walk`, which resolves to the exit status of a walk that came to its end.
 *
 * @throws UsageError for a named topic that is missing.
 */
export async function walkFolder(
  name: string,
  isJson: boolean,
  { stdout, stderr }: Context,
  walk: (events: WalkEvents, print: Print) => Promise<number>,
): Promise<number> {
  const bar = new ProgressBar(stderr, name);
  const stop = watchStopSignals();
  const print: Print = (json, text) => {
    bar.clear();
    stdout.write(`${isJson ? JSON.stringify(json) : text}\n`);
  };
  const events: WalkEvents = {
    onFinding: (finding) => print(findingJson(finding), findingText(finding)),
    onProgress: (doneBytes, totalBytes) => bar.update(doneBytes, totalBytes),
    isCancelled: () => stop.received !== undefined,
  };
  try {
    const status = await walk(events, print);
    return stop.received === undefined ? status : statusOf(stop.received);
  } catch (error) {
    bar.clear();
    if (isNetlogError(error, "topic_not_found")) throw new UsageError(error.reason ?? error.message);
    if (!(error instanceof DataFolderError)) throw error;
    stderr.write(`netlog: ${error.message}\n`);
    return EXIT.failed;
  } finally {
    stop.end();
  }
}

/** How many findings of each kind there are. */
export function foundText(found: Readonly<Record<FolderFinding["kind"], number>>): string {
  const { damage, unreadable, torn, note } = found;
  return `${damage} damaged, ${unreadable} unreadable, ${torn} torn, ${counted(note, "note")}`;
}

/** With its fields in the order of the command's help. */
function findingJson({ kind, topic, ...rest }: FolderFinding): object {
  return { kind, topic, ...rest };
}

function findingText(finding: FolderFinding): string {
  const { kind, file, position, type, expected, actual, message } = finding;
  const place = position === undefined ? "" : ` at byte ${position}`;
  const compared = expected === undefined ? "" : `: expected ${expected}, found ${actual}`;
  const reason = type === undefined ? compared.slice(2) : type + compared;
  return printable(`${kind}: ${file}${place}: ${message}${reason === "" ? "" : ` (${reason})`}`);
}
