/** `netlog copy` and `netlog export`: messages of a topic to a file and back, or to another topic, here or elsewhere. */
import type { Command } from "../cli/command.ts";
import type { OptionTable } from "../cli/option.ts";
import { UsageError } from "../cli/usage-error.ts";
import { clientCommand } from "./call/client-command.ts";
import { choiceFlag, offsetFlag, switchFlag, textFlag } from "./call/flags.ts";
import { FILE_FORMATS } from "./copy/file-format.ts";
import type { CopyOptions, ExportOptions } from "./copy/one-copy.ts";
import { PLACE_RULE, type Place, parsePlace } from "./copy/place.ts";
import { startCopy } from "./copy/start-copy.ts";

const EXPORT_OPTIONS: OptionTable<ExportOptions> = {
  from: offsetFlag("from", "Where the copy of a topic begins, if not with the first message kept"),
  format: choiceFlag(
    "format",
    "How messages stand in a file, if its name does not say it (.txt, .log: lines; .frames: frames)",
    FILE_FORMATS,
  ),
};

const FILE_DETAILS =
  'ndjson, the default, is a line {"offset","timestamp","crc32","payload"} for each message, or "payload_base64" for\n' +
  'what is not UTF-8, and "key", "content_type" and "headers" where it has them; lines is the payload and a line end,\n' +
  "and refuses messages that a line cannot hold; frames, which an export alone writes, is what the server keeps, byte for\n" +
  "byte, with offsets, times, and the idempotency keys and producers of messages: `netlog import` makes a topic of it.";

const RESUME_DETAILS =
  "The same command goes on with an interrupted copy, to the message: nothing twice, nothing left out. Nothing else may\n" +
  "publish to the target; its last message must be the one at that place of the source. When the source no longer\n" +
  "begins at offset 0, --from must say where the copy began, unless the target is an ndjson file, which has offsets.\n" +
  "Ends with status 0 when all is copied, 6 when a part is.";

export const exportCommand: Command = clientCommand<ExportOptions>({
  usage: "[flags] <topic> [file]",
  details: [
    "  netlog export demo > demo.ndjson\n" +
      "  netlog export demo demo.ndjson         the same, resumable, and later on only what has come since\n" +
      "  netlog export demo --format lines | gzip > demo.gz\n" +
      "  netlog export demo demo.frames         all that the server keeps of the messages\n" +
      "`netlog copy ./demo.ndjson demo` brings it back.",
    FILE_DETAILS,
    RESUME_DETAILS,
  ],
  isPatient: true,
  options: EXPORT_OPTIONS,
  async run(call) {
    const [topic, file = "-", ...more] = call.operands;
    if (topic === undefined) throw new UsageError("the topic to export is missing");
    if (more.length > 0) throw new UsageError(`unexpected argument "${more[0]}"`);
    const from = topicPlace(topic);
    const to: Place = file === "-" ? { kind: "pipe" } : { kind: "file", path: file };
    return await startCopy(
      { ...call, options: { ...call.options, follow: false, close: false, toTokenFrom: null } },
      from,
      to,
    );
  },
});

export const copyCommand: Command = clientCommand<CopyOptions>({
  usage: "[flags] <from> <to>",
  details: [
    "  netlog copy demo demo2\n" +
      "  netlog copy http://old:7200/demo http://new:7200/demo\n" +
      "  netlog copy ./demo.ndjson demo\n" +
      "  netlog copy demo http://backup:7200/demo --follow",
    `<from> and <to> are ${PLACE_RULE}.\nOne of them is a topic. A topic that is missing is made, with the settings of the topic that is copied. Messages get\ntimes of their own there.`,
    FILE_DETAILS,
    RESUME_DETAILS,
    "A topic that is closed is copied into one that is open, unless --close is given.",
    'With --json the outcome is a line {"from","to","held","copied","bytes"}, also when it was interrupted, with\n' +
      '"closed":true where --close has closed <to>.',
  ],
  isPatient: true,
  options: {
    ...EXPORT_OPTIONS,
    follow: switchFlag("follow", "Go on with what comes, until it is stopped; to a topic alone"),
    close: switchFlag("close", "Close <to> behind the last message, where <from> is a topic that is closed"),
    toTokenFrom: textFlag(
      "to_token_from",
      "<file>",
      "File with the token for <to>, if it is another one",
      "the path of a file",
    ),
  },
  async run(call) {
    const [from, to, ...more] = call.operands;
    if (from === undefined || to === undefined)
      throw new UsageError("copy takes two places: netlog copy <from> <to>");
    if (more.length > 0) throw new UsageError(`unexpected argument "${more[0]}"`);
    return await startCopy(call, parsePlace(from), parsePlace(to));
  },
});

/** What is exported is a topic, whatever its name looks like. */
function topicPlace(text: string): Place {
  const place: Place = /^https?:/i.test(text)
    ? parsePlace(text)
    : { kind: "topic", server: undefined, name: text };
  return place;
}
