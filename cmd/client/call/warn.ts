/** Warnings on stderr while work goes on. */
import type { Output } from "../../cli/command.ts";
import { printable } from "../../cli/printable.ts";
import { isFailure } from "./failure.ts";

/** Back to the beginning of the line, over a progress bar that may stand there. */
const CLEAR_LINE = "\r\x1b[K";

export function warn(stderr: Output, text: string): void {
  stderr.write(`${stderr.isTTY === true ? CLEAR_LINE : ""}netlog: ${printable(text)}\n`);
}

/** A wait so long that its warning is printed again, though nothing else has changed. */
const LONG_DELAY_MS = 1000;

/** For calls that are tried again: prints the same failure once more only when the wait is long. */
export function warnOfRetry(stderr: Output): (error: unknown, delayMs: number) => void {
  let printed = "";
  return (error, delayMs) => {
    if (!isFailure(error)) return;
    const text = error.message;
    if (text === printed && delayMs < LONG_DELAY_MS) return;
    printed = text;
    warn(stderr, `${text}; trying again in ${(delayMs / 1000).toFixed(1)} s`);
  };
}
