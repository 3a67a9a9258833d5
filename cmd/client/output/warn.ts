/** What is said on stderr while work goes on. */
import type { Output } from "../../command.ts";
import { printable } from "../../printable.ts";
import { failureText, isFailure } from "../failure.ts";

/** Back to the beginning of the line, over a progress bar that may stand there. */
const CLEAR_LINE = "\r\x1b[K";

export function warn(stderr: Output, text: string): void {
  stderr.write(`${stderr.isTTY === true ? CLEAR_LINE : ""}netlog: ${printable(text)}\n`);
}

/** For calls that are tried again. */
export function warnOfRetry(stderr: Output): (error: unknown, delayMs: number) => void {
  return (error, delayMs) => {
    const seconds = (delayMs / 1000).toFixed(1);
    if (isFailure(error)) warn(stderr, `${failureText(error)}; trying again in ${seconds} s`);
  };
}
