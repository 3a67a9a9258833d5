/** Colours, where a terminal shows them and NO_COLOR is not set (no-color.org). */
import { styleText } from "node:util";
import type { Output } from "../../cli/command.ts";

type Format = "bold" | "dim" | "red" | "green" | "yellow" | "cyan";

/** Dresses a text, or leaves it as it is. */
export type Style = (format: Format, text: string) => string;

export function styleFor(output: Output, environment: Readonly<Record<string, string | undefined>>): Style {
  const hasColours = output.isTTY === true && !environment.NO_COLOR && environment.TERM !== "dumb";
  return hasColours
    ? (format, text) => styleText(format, text, { validateStream: false })
    : (_format, text) => text;
}
