/** What a subcommand is, and what it may use of the process it runs in. */
import type { Option } from "./option.ts";

/** Exit statuses that scripts may rely on; cmd/README.md says when each is given. */
export const EXIT: {
  readonly ok: 0;
  readonly failed: 1;
  readonly usage: 2;
  readonly notFound: 3;
  readonly unavailable: 4;
  readonly nothing: 5;
  readonly partial: 6;
  readonly denied: 7;
} = { ok: 0, failed: 1, usage: 2, notFound: 3, unavailable: 4, nothing: 5, partial: 6, denied: 7 };

/** Where input comes from: bytes, piece by piece. */
export interface Input extends AsyncIterable<Uint8Array> {
  readonly isTTY?: boolean;
  /** Size of a file; `undefined` for anything else. */
  readonly sizeBytes?: number | undefined;
}

/** A stream of the process, or what stands for it. */
export interface Output {
  /** `false`: more is waiting for the reader than should; see `writeAll`. */
  write(piece: string | Uint8Array): unknown;
  once?(event: "drain", listener: () => void): unknown;
  readonly isTTY?: boolean;
  /** Size of a terminal, in characters. */
  readonly columns?: number;
  readonly rows?: number;
}

export interface Context {
  /** What follows the command's name. */
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly version: string;
  /** Opened when it is asked for: a command that reads nothing leaves it alone. */
  readonly stdin: () => Input;
  /** Results go to stdout; messages about the work go to stderr. */
  readonly stdout: Output;
  readonly stderr: Output;
  /** A command that may wait long between two writes calls this: it then ends as soon as the reader of stdout leaves. */
  readonly endWhenUnread?: () => void;
}

/** A command in the table of commands. */
export interface CommandEntry {
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  load(): Promise<Command>;
}

/** Commands that belong together in the program's help. */
export interface CommandGroup {
  readonly title: string;
  readonly commands: readonly CommandEntry[];
}

export interface Command {
  /** What may follow the name, such as `[flags]`. */
  readonly usage: string;
  /** Paragraphs of the command's own help, between usage and flags. */
  readonly details: readonly string[];
  readonly options: Readonly<Record<string, Option<unknown>>>;
  /**
   * Resolves to the exit status.
   *
   * @throws UsageError for arguments that are wrong.
   */
  run(context: Context): Promise<number>;
}

/** Resolves when more may be written. A long writer waits for it, or memory fills up behind a slow reader. */
export async function writeAll(output: Output, piece: string | Uint8Array): Promise<void> {
  if (output.write(piece) !== false) return;
  await new Promise<void>((resolve) => output.once?.("drain", resolve));
}
