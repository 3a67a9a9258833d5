/** What a subcommand is, and what it may use of the process it runs in. */
import type { Option } from "./option.ts";

/** Exit statuses that scripts may rely on. */
export const EXIT: { readonly ok: 0; readonly failed: 1; readonly usage: 2 } = { ok: 0, failed: 1, usage: 2 };

/** A stream of the process, or what stands for it. */
export interface Output {
  /** `false`: more is waiting for the reader than should; see `writeAll`. */
  write(text: string): unknown;
  once?(event: "drain", listener: () => void): unknown;
  readonly isTTY?: boolean;
  /** Of a terminal, in characters. */
  readonly columns?: number;
}

export interface Context {
  /** What follows the command's name. */
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly version: string;
  /** Results go to stdout; what is said about the work goes to stderr. */
  readonly stdout: Output;
  readonly stderr: Output;
}

export interface Command {
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** What may follow the name, such as `[flags]`. */
  readonly usage: string;
  /** Paragraphs of the command's own help, between usage and flags. */
  readonly details: readonly string[];
  readonly options: Readonly<Record<string, Option<unknown>>>;
  /**
   * Resolves to the exit status.
   *
   * @throws UsageError for arguments that cannot be meant.
   */
  run(context: Context): Promise<number>;
}

/** Resolves when more may be written. Who writes at length waits for it, or memory fills up behind a slow reader. */
export async function writeAll(output: Output, text: string): Promise<void> {
  if (output.write(text) !== false) return;
  await new Promise<void>((resolve) => output.once?.("drain", resolve));
}
