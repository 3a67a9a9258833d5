/** `netlog tail`: shows what is in a topic, and what comes. */
import type { FollowOptions, Message, Offset, Topic } from "../../lib/client/index.ts";
import { type Command, EXIT, writeAll } from "../cli/command.ts";
import type { OptionTable } from "../cli/option.ts";
import { UsageError } from "../cli/usage-error.ts";
import { type ClientCall, clientCommand, oneOperand } from "./call/client-command.ts";
import { KEYS_FLAG, keysOf } from "./call/field-flags.ts";
import { countFlag, type Optional, offsetFlag, switchFlag, valueFlag } from "./call/flags.ts";
import { warn, warnOfRetry } from "./call/warn.ts";
import {
  FORMAT_DETAILS,
  FORMAT_OPTIONS,
  type FormatOptions,
  isPlainText,
  showMessages,
} from "./output/message-format.ts";
import { styleFor } from "./output/style.ts";

interface TailOptions extends FormatOptions {
  readonly from: Optional<Offset>;
  readonly last: Optional<number>;
  readonly count: Optional<number>;
  readonly key: readonly string[];
  readonly follow: boolean;
  readonly noFollow: boolean;
  readonly grep: Optional<RegExp>;
  readonly ignoreCase: boolean;
}

/** As of tail(1). */
const DEFAULT_LAST = 10;

const TAIL_OPTIONS: OptionTable<TailOptions> = {
  from: offsetFlag("from", "Where to begin, instead of the last messages"),
  last: {
    ...countFlag("last", `Begin so many messages before the end; ${DEFAULT_LAST} when nothing is said`, {
      min: 0,
    }),
    letter: "n",
  },
  count: countFlag("count", "End after so many messages were shown"),
  key: KEYS_FLAG,
  follow: { ...switchFlag("follow", "Wait for more, as is done anyway"), letter: "f" },
  noFollow: switchFlag("no_follow", "End at what is the end now, instead of waiting for more"),
  grep: valueFlag({
    name: "grep",
    placeholder: "<pattern>",
    description: "Only messages whose text this regular expression finds something in",
    allowed: "a regular expression of JavaScript",
    parse: parsePattern,
  }),
  ignoreCase: switchFlag("ignore_case", "--grep takes upper and lower case for the same"),
  ...FORMAT_OPTIONS,
};

export const tailCommand: Command = clientCommand<TailOptions>({
  usage: "[flags] <topic>",
  details: [
    "  netlog tail demo                                the last ten, then what comes\n" +
      "  netlog tail demo --from 1h --json | jq          what came within the last hour, then what comes\n" +
      "  netlog tail demo --from beginning --no-follow   all that is there\n" +
      "  netlog tail demo --last 0 --grep 'error|warn'",
    FORMAT_DETAILS,
    "Goes on by itself when the connection breaks or the server restarts; stderr says what is\n" +
      "damaged or was dropped meanwhile. It changes neither the topic nor any scanner.",
  ],
  options: TAIL_OPTIONS,
  async run(call) {
    const topic = call.netlog.topic(oneOperand(call, "the topic"));
    if (call.options.from !== null && call.options.last !== null) {
      throw new UsageError("--from and --last are two ways to say where to begin; give one");
    }
    if (call.options.follow && call.options.noFollow) {
      throw new UsageError("--follow and --no-follow cannot be meant together");
    }
    if (call.options.ignoreCase && call.options.grep === null)
      throw new UsageError("--ignore-case is for --grep");
    return await tail(call, topic);
  },
});

async function tail(call: ClientCall<TailOptions>, topic: Topic): Promise<number> {
  const { options, stdout, stderr, environment } = call;
  const show = showMessages(options, stdout, styleFor(stdout, environment));
  let isDamaged = false;
  call.endWhenUnread?.();
  const reading: FollowOptions = {
    from: await beginning(topic, options),
    key: keysOf(options),
    follow: !options.noFollow,
    onSkipped: ({ count, next }) =>
      warn(stderr, `${count} messages were dropped; going on at offset ${next}`),
    onDamage: (error) => {
      isDamaged = true;
      warn(stderr, `damage at offset ${error.offset}; going on at offset ${error.nextOffset}`);
    },
    onRetry: warnOfRetry(stderr),
  };
  const count = options.count ?? Number.POSITIVE_INFINITY;
  if (options.grep === null && isPlainText(options, stdout)) {
    for await (const lines of topic.streamLines({ ...reading, count })) await writeAll(stdout, lines);
  } else {
    const isWanted = grep(options);
    for await (const messages of atMost(count, topic.streamBatches(reading), isWanted)) {
      await writeAll(stdout, show(messages));
    }
  }
  return isDamaged ? EXIT.partial : EXIT.ok;
}

/** The first `count` of the messages that are wanted. */
async function* atMost(
  count: number,
  batches: AsyncIterable<Message[]>,
  isWanted: (message: Message) => boolean,
): AsyncGenerator<Message[], void, undefined> {
  let left = count;
  for await (const batch of batches) {
    const messages = batch.filter(isWanted).slice(0, left);
    left -= messages.length;
    if (messages.length > 0) yield messages;
    if (left === 0) return;
  }
}

/** Where retention may drop the message until it is asked for, the text goes to the server as it is. */
async function beginning(topic: Topic, { from, last }: TailOptions): Promise<Offset> {
  if (from !== null) return from;
  const { first_offset: first, latest_offset: latest } = await topic.info();
  const wanted = latest + 1 - (last ?? DEFAULT_LAST);
  return wanted <= first ? "first" : wanted;
}

function grep({ grep: pattern, ignoreCase }: TailOptions): (message: Message) => boolean {
  if (pattern === null) return () => true;
  const regExp = ignoreCase ? new RegExp(pattern, `i${pattern.flags}`) : pattern;
  return (message) => regExp.test(message.text());
}

function parsePattern(text: string): Optional<RegExp> | undefined {
  if (text === "") return null;
  // By characters, not halves of them; escapes of what needs none, which other tools put up with, are refused then.
  for (const flags of ["u", ""]) {
    try {
      return new RegExp(text, flags);
    } catch {
      // Not by these rules.
    }
  }
  return undefined;
}
