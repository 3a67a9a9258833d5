/** `netlog publish`: messages from arguments, files or standard input. */
import {
  type Durability,
  isNetlogClientError,
  type MessageFields,
  type NetlogClientError,
  type PublishAllProgress,
} from "../../lib/client/index.ts";
import { type Command, EXIT } from "../cli/command.ts";
import { ProgressBar } from "../cli/progress-bar.ts";
import { statusOf, watchStopSignals } from "../cli/signals.ts";
import { UsageError } from "../cli/usage-error.ts";
import { type ClientCall, clientCommand } from "./call/client-command.ts";
import { failureStatus, failureText } from "./call/failure.ts";
import { FIELD_OPTIONS, type FieldFlags, fieldsOf } from "./call/field-flags.ts";
import { choiceFlag, type Optional, switchFlag, textFlag } from "./call/flags.ts";
import { warn } from "./call/warn.ts";
import { LineTooLongError } from "./input/lines.ts";
import { openPublishInput, type PublishInput, PublishInputError } from "./input/publish-input.ts";
import { messagesText } from "./output/figures.ts";
import { messagesOf } from "./publish-messages.ts";

export interface PublishOptions extends FieldFlags {
  readonly lines: boolean;
  readonly file: boolean;
  readonly batch: boolean;
  readonly gzip: boolean;
  readonly create: boolean;
  readonly durability: Optional<Durability>;
  readonly once: boolean;
  readonly keySeparator: Optional<string>;
}

/** The largest batch that the server takes, as it is configured by default. */
const BATCH_BYTES = 8 * 1024 * 1024;

export const publishCommand: Command = clientCommand<PublishOptions>({
  usage: "[flags] <topic> [message...]",
  details: [
    "  netlog publish demo hello 'two words'           a message for each argument\n" +
      "  date | netlog publish demo                      all of standard input as one message\n" +
      "  tail -f app.log | netlog publish demo --lines   a message a line, as soon as it comes\n" +
      "  netlog publish demo --lines --batch < big.log   a message a line, as fast as it goes\n" +
      "  netlog publish demo --file a.png b.png          a message for each file\n" +
      "  netlog publish demo --key u7 --header 'x-meta-source: shop' --content-type application/json '{\"paid\":7}'",
    "Payloads are stored to the byte. The line end (LF or CRLF) of a line is left out, and empty lines are skipped. At a\n" +
      "terminal lines are read. A message that begins with a dash follows `--`.",
    "Messages go in batches of what is there, one after the other and in order. With --batch each batch is filled, up\n" +
      "to 8 MiB or 65,536 messages, and stored as a whole or not at all; what fits into one is all or nothing.",
    "With --once a batch whose answer was lost is sent again and stored once; without it the publish ends there, and\n" +
      "whether that batch is stored is not known. --key-separator '\\t' cuts each line into key and payload; a line that\n" +
      "begins with the separator has no key.",
    "Ends with status 0 when all is stored. When it breaks off it says how many messages are stored, and ends with\n" +
      'status 6 if any are. With --json the outcome is a line {"topic","count","bytes","offset","last_offset"}.',
  ],
  isPatient: true,
  options: {
    lines: switchFlag("lines", "A message a line, of standard input or of the files"),
    file: switchFlag("file", "The arguments behind the topic name files"),
    batch: switchFlag("batch", "Fill each batch; it is stored as a whole or not at all"),
    gzip: switchFlag("gzip", "Send and keep batches compressed"),
    create: switchFlag("create", "Create the topic when it is missing"),
    durability: choiceFlag("durability", "What to wait for, if not as the topic is set", [
      "synced",
      "written",
    ]),
    once: switchFlag("once", "Send again what may be lost on the way, and store it once"),
    ...FIELD_OPTIONS,
    keySeparator: {
      ...textFlag(
        "key_separator",
        "<text>",
        "What stands between key and payload of each line; \\t is a tab",
        "a text",
      ),
      letter: "K",
    },
  },
  async run(call) {
    const { operands, options } = call;
    const [name, ...rest] = operands;
    if (name === undefined) throw new UsageError("the topic to publish to is missing");
    if (options.file && rest.length === 0) throw new UsageError("--file needs the files to publish");
    if (options.lines && !options.file && rest.length > 0) {
      throw new UsageError("--lines is for standard input and files; each argument is a message already");
    }
    if (options.keySeparator !== null && !options.lines)
      throw new UsageError("--key-separator is for --lines");
    if (options.keySeparator !== null && options.key.length > 0) {
      throw new UsageError("--key and --key-separator are two ways to give keys; give one");
    }
    const fields = fieldsOf(options);
    const topic = call.netlog.topic(name);
    if (options.create) await topic.createIfMissing();
    return await publish(call, name, rest, fields);
  },
});

async function publish(
  call: ClientCall<PublishOptions>,
  name: string,
  operands: readonly string[],
  fields: MessageFields | undefined,
): Promise<number> {
  const { options, netlog, stderr } = call;
  const stop = watchStopSignals();
  const bar = new ProgressBar(stderr, "publish");
  let stored: PublishAllProgress | undefined;
  try {
    const input = openPublishInput(call, operands, stop.signal);
    await netlog.topic(name).publishAll(messagesOf(input.payloads, fields, options.keySeparator), {
      exactlyOnce: options.once,
      durability: options.durability ?? undefined,
      compression: options.gzip ? "gzip" : "none",
      // What is all there need not go while the rest comes.
      fill: options.batch || !input.isLive,
      ...(options.batch ? { batchBytes: BATCH_BYTES } : {}),
      onProgress: (progress) => {
        stored = progress;
        showProgress(bar, input, progress);
      },
    });
  } catch (error) {
    bar.clear();
    return tellFailure(call, name, error, stored);
  } finally {
    bar.clear();
    stop.end();
  }
  tellStored(call, name, stored);
  return stop.received === undefined ? EXIT.ok : statusOf(stop.received);
}

function showProgress(bar: ProgressBar, input: PublishInput, { count, bytes }: PublishAllProgress): void {
  if (!input.isInteractive) bar.update(bytes, input.totalBytes, messagesText(count));
}

function tellStored(
  { options, stdout }: ClientCall<PublishOptions>,
  topic: string,
  stored: PublishAllProgress | undefined,
): void {
  const { count, bytes, firstOffset, lastOffset } = stored ?? {
    count: 0,
    bytes: 0,
    firstOffset: null,
    lastOffset: null,
  };
  const json = { topic, count, bytes, offset: firstOffset, last_offset: lastOffset };
  stdout.write(`${options.json ? JSON.stringify(json) : storedText(topic, stored)}\n`);
}

function storedText(topic: string, stored: PublishAllProgress | undefined): string {
  if (stored === undefined) return `${topic}: no message`;
  const { count, firstOffset, lastOffset } = stored;
  const offsets = count === 1 ? `offset ${firstOffset}` : `offsets ${firstOffset} to ${lastOffset}`;
  return `${topic}: ${messagesText(count)}, ${offsets}`;
}

function tellFailure(
  call: ClientCall<PublishOptions>,
  topic: string,
  error: unknown,
  stored: PublishAllProgress | undefined,
): number {
  if (!isTellable(error)) throw error;
  const isCall = isNetlogClientError(error);
  warn(call.stderr, isCall ? failureText(error) : error.message);
  if (isCall && !error.isUndone) {
    warn(call.stderr, "whether the messages that were sent last are stored is not known");
  }
  if (stored !== undefined) {
    tellStored(call, topic, stored);
    return EXIT.partial;
  }
  if (isCall) return failureStatus(error);
  return error instanceof PublishInputError ? error.status : EXIT.failed;
}

function isTellable(error: unknown): error is NetlogClientError | PublishInputError | LineTooLongError {
  return (
    isNetlogClientError(error) || error instanceof PublishInputError || error instanceof LineTooLongError
  );
}
