/** How messages are shown: as text, as JSON, in hex, or as nothing but their bytes. */
import type { Output } from "../../cli/command.ts";
import type { OptionTable } from "../../cli/option.ts";
import { printable } from "../../cli/printable.ts";
import { UsageError } from "../../cli/usage-error.ts";
import { choiceFlag, type Optional, switchFlag } from "../call/flags.ts";
import { hexDump } from "./hex-dump.ts";
import { messageJson, type ToldMessage } from "./message-json.ts";
import type { Style } from "./style.ts";

const FORMATS = ["text", "json", "hex", "raw"] as const;

export interface FormatOptions {
  readonly format: Optional<(typeof FORMATS)[number]>;
  readonly meta: boolean;
}

export const FORMAT_OPTIONS: OptionTable<FormatOptions> = {
  format: choiceFlag("format", "How messages are shown; --json is --format json", FORMATS),
  meta: switchFlag("meta", "Put offset and time in front of each text"),
};

/** For the help of commands that show messages. */
export const FORMAT_DETAILS: string =
  "text is the payload and a line end, unless it has one; on a terminal control characters are shown as \\x1b. json is\n" +
  'a line {"offset","timestamp","crc32","payload"}, or "payload_base64" for what is not UTF-8, as the server has it. hex\n' +
  "is for bytes, raw the bytes alone.";

const LF = 0x0a;
const LINE_END = Buffer.from("\n");

/** What is written for messages, in order. */
export type ShowMessages = (messages: readonly ToldMessage[]) => string | Uint8Array;

interface ShowOptions extends FormatOptions {
  readonly json: boolean;
}

export function showMessages(options: ShowOptions, output: Output, style: Style): ShowMessages {
  const { meta } = options;
  const chosen = formatOf(options);
  if (meta && chosen !== "text") throw new UsageError("--meta is for text");
  switch (chosen) {
    case "json":
      return (messages) => messages.map(messageJson).join("");
    case "raw":
      return (messages) => Buffer.concat(messages.map(({ payload }) => payload));
    case "hex":
      return (messages) =>
        messages
          .map(({ offset, timestamp, payload }) => {
            const front = style("dim", `offset ${offset}, ${timestamp}, ${payload.length} bytes`);
            return `${front}\n${hexDump(payload)}\n`;
          })
          .join("");
    default:
      return (messages) =>
        Buffer.concat(
          messages.flatMap((message) => [
            ...(meta ? [Buffer.from(`${style("dim", `${message.offset} ${message.timestamp}`)} `)] : []),
            ...(output.isTTY === true
              ? [Buffer.from(terminalText(message.payload))]
              : lineOf(message.payload)),
          ]),
        );
  }
}

/** True where a message is shown as nothing but its payload and a line end. */
export function isPlainText(options: ShowOptions, output: Output): boolean {
  return formatOf(options) === "text" && !options.meta && output.isTTY !== true;
}

function formatOf({ format, json }: ShowOptions): (typeof FORMATS)[number] {
  return format ?? (json ? "json" : "text");
}

function lineOf(payload: Uint8Array): Uint8Array[] {
  return payload.at(-1) === LF ? [payload] : [payload, LINE_END];
}

/** A payload must not move the cursor or change colours of the terminal; lines and tabs stay. */
function terminalText(payload: Uint8Array): string {
  const text = Buffer.concat(lineOf(payload)).toString();
  return text
    .split(/([\n\t])/)
    .map((part) => (part === "\n" || part === "\t" ? part : printable(part)))
    .join("");
}
