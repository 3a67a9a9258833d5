/** How messages are shown: as text, as JSON, in hex, or as nothing but their bytes. */
import type { Output } from "../../cli/command.ts";
import type { OptionTable } from "../../cli/option.ts";
import { printable } from "../../cli/printable.ts";
import { UsageError } from "../../cli/usage-error.ts";
import { choiceFlag, type Optional, switchFlag } from "../call/flags.ts";
import { messageJson, type ToldMessage } from "./message-json.ts";
import type { Style } from "./style.ts";

const BYTES_A_LINE = 16;
const BYTES_A_GROUP = 8;
const HEX_WIDTH = BYTES_A_LINE * 3;

const FORMATS = ["text", "json", "hex", "raw"] as const;

export interface FormatOptions {
  readonly format: Optional<(typeof FORMATS)[number]>;
  readonly meta: boolean;
  readonly headers: boolean;
}

export const FORMAT_OPTIONS: OptionTable<FormatOptions> = {
  format: choiceFlag("format", "How messages are shown; --json is --format json", FORMATS),
  meta: switchFlag("meta", "Put offset and time in front of each text"),
  headers: switchFlag("headers", "Put key, content type and headers in lines in front of each text or dump"),
};

/** For the help of commands that show messages. */
export const FORMAT_DETAILS: string =
  "text is the payload and a line end, unless it has one; on a terminal control characters are shown as \\x1b. json is\n" +
  'a line {"offset","timestamp","crc32","payload"}, or "payload_base64" for what is not UTF-8, as the server has it;\n' +
  'also "key", "content_type" and "headers", where there are any. hex is for bytes, raw the bytes alone. With --headers\n' +
  "an empty line stands between what a message carries and its text.";

const LF = 0x0a;
const LINE_END = Buffer.from("\n");

/** What is written for messages, in order. */
export type ShowMessages = (messages: readonly ToldMessage[]) => string | Uint8Array;

interface ShowOptions extends FormatOptions {
  readonly json: boolean;
}

export function showMessages(options: ShowOptions, output: Output, style: Style): ShowMessages {
  const { meta, headers } = options;
  const chosen = formatOf(options);
  if (meta && chosen !== "text") throw new UsageError("--meta is for text");
  if (headers && chosen !== "text" && chosen !== "hex") {
    throw new UsageError("--headers is for text and hex; json has them anyway");
  }
  const fields = headers ? (message: ToldMessage) => fieldsText(message, style) : () => "";
  switch (chosen) {
    case "json":
      return (messages) => messages.map(messageJson).join("");
    case "raw":
      return (messages) => Buffer.concat(messages.map(({ payload }) => payload));
    case "hex":
      return (messages) =>
        messages
          .map((message) => {
            const { offset, timestamp, payload } = message;
            const front = style("dim", `offset ${offset}, ${timestamp}, ${payload.length} bytes`);
            return `${front}\n${fields(message)}${hexDump(payload)}\n`;
          })
          .join("");
    default: {
      const end = headers ? "\n" : " ";
      const frontOf = (message: ToldMessage): Uint8Array[] => {
        const place = meta ? `${style("dim", `${message.offset} ${message.timestamp}`)}${end}` : "";
        return meta || headers ? [Buffer.from(`${place}${fields(message)}`)] : [];
      };
      return (messages) =>
        Buffer.concat(
          messages.flatMap((message) => [
            ...frontOf(message),
            ...(output.isTTY === true
              ? [Buffer.from(terminalText(message.payload))]
              : lineOf(message.payload)),
          ]),
        );
    }
  }
}

/** A line for each field, and an empty one behind them. */
function fieldsText({ key, contentType, headers = {} }: ToldMessage, style: Style): string {
  const fields = [
    ...(key === undefined ? [] : [["key", key] as const]),
    ...(contentType === undefined ? [] : [["content-type", contentType] as const]),
    ...Object.entries(headers),
  ];
  return `${fields.map(([name, value]) => `${style("dim", `${name}:`)} ${printable(value)}\n`).join("")}\n`;
}

/** True where a message is shown as nothing but its payload and a line end. */
export function isPlainText(options: ShowOptions, output: Output): boolean {
  return formatOf(options) === "text" && !options.meta && !options.headers && output.isTTY !== true;
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

/** Bytes as hexdump -C shows them: place, sixteen bytes, and their characters. */
export function hexDump(bytes: Uint8Array): string {
  let text = "";
  for (let place = 0; place < bytes.length; place += BYTES_A_LINE) {
    text += hexLine(place, bytes.subarray(place, place + BYTES_A_LINE));
  }
  return text;
}

function hexLine(place: number, bytes: Uint8Array): string {
  const digits = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0"));
  const left = digits.slice(0, BYTES_A_GROUP).join(" ");
  const hex = digits.length > BYTES_A_GROUP ? `${left}  ${digits.slice(BYTES_A_GROUP).join(" ")}` : left;
  const characters = Array.from(bytes, (byte) =>
    byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : ".",
  );
  return `${place.toString(16).padStart(8, "0")}  ${hex.padEnd(HEX_WIDTH)}  |${characters.join("")}|\n`;
}
