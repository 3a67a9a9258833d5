/** The dead letters of a scanner: the newest ones to look at, and the way back to the topic for one or for all. */
import { type Child, useEffect, useState } from "hono/jsx/dom";
import { isNetlogClientError, type Message, type TopicInfo } from "../../../../lib/client/index.ts";
import { counted, countText, timeText } from "../figures/format.ts";
import { Dialog } from "../parts/dialog.tsx";
import { Notice } from "../parts/notice.tsx";
import { type Column, Table } from "../parts/table.tsx";
import { visibleText } from "../payload/visible.ts";
import { sentenceOf } from "../shell/failure.ts";
import { PollNotice } from "../shell/poll-notice.tsx";
import { linkTo } from "../shell/route.ts";
import type { ServerLink } from "../shell/server-link.ts";
import { usePoll } from "../shell/use-poll.ts";
import { beginningText, MessageLink } from "./letter-line.tsx";
import { type PublishedBack, publishAllBack, publishBack } from "./publish-back.ts";

const EVERY_MS = 2000;
const LETTERS_SHOWN = 20;

export interface DeadLettersProps {
  readonly link: ServerLink;
  readonly topic: string;
  /** The topic of the dead letters. */
  readonly letters: string;
  readonly mayWrite: boolean;
}

interface Letters {
  /** `undefined`: the topic is not there, for the first letter makes it. */
  readonly info: TopicInfo | undefined;
  /** The newest first. */
  readonly newest: readonly Message[];
}

export function DeadLetters({ link, topic, letters, mayWrite }: DeadLettersProps): Child {
  const poll = usePoll(link, { ask: (signal) => readLetters(link, letters, signal), everyMs: EVERY_MS }, [
    link,
    letters,
  ]);
  const [back, setBack] = useState<ReadonlyMap<number, string>>(new Map());
  const [isAsked, setAsked] = useState(false);
  const found = poll.answer;
  const note = (offset: number, text: string): void => setBack((before) => new Map(before).set(offset, text));
  const one = async (letter: Message, sourceId: string): Promise<void> => {
    try {
      note(letter.offset, backText(await publishBack(link.client.topic(topic), letter, sourceId)));
    } catch (error) {
      note(letter.offset, sentenceOf(error));
    }
  };
  const info = found?.info;
  const count = info === undefined ? 0 : info.latest_offset - info.first_offset + 1;
  return (
    <section aria-label="Dead letters">
      <header class="toolbar">
        <h3>
          Dead letters <span class="dim">{countText(count)} in </span>
          <a href={linkTo("messages", letters, { from: "first" })}>{letters}</a>
        </h3>
        {mayWrite && count > 0 ? (
          <button type="button" class="end" onClick={() => setAsked(true)}>
            Publish all back…
          </button>
        ) : null}
      </header>
      <PollNotice error={poll.error} />
      {info === undefined || count === 0 ? (
        <p class="dim">{found === undefined ? "Reading…" : "There are none."}</p>
      ) : (
        <Table
          label="Table of dead letters"
          columns={columnsOf({
            letters,
            back,
            onBack: mayWrite ? (letter) => void one(letter, info.id) : undefined,
          })}
          rows={found!.newest}
          keyOf={({ offset }) => String(offset)}
        />
      )}
      {isAsked && info !== undefined ? (
        <PublishAll link={link} topic={topic} letters={letters} info={info} onClose={() => setAsked(false)} />
      ) : null}
    </section>
  );
}

async function readLetters(link: ServerLink, name: string, signal: AbortSignal): Promise<Letters> {
  const topic = link.once.topic(name);
  try {
    const info = await topic.info({ signal });
    const { first_offset, latest_offset } = info;
    if (latest_offset < first_offset) return { info, newest: [] };
    const from = Math.max(first_offset, latest_offset + 1 - LETTERS_SHOWN);
    const { messages } = await topic.readBatch({ from, max: LETTERS_SHOWN, signal });
    return { info, newest: messages.toReversed() };
  } catch (error) {
    if (isNetlogClientError(error, "topic_not_found")) return { info: undefined, newest: [] };
    throw error;
  }
}

function backText({ offset, isDuplicate }: PublishedBack): string {
  return isDuplicate ? `was back as ${countText(offset)}` : `back as ${countText(offset)}`;
}

interface ColumnsOptions {
  readonly letters: string;
  readonly back: ReadonlyMap<number, string>;
  readonly onBack: ((letter: Message) => void) | undefined;
}

function columnsOf({ letters, back, onBack }: ColumnsOptions): Column<Message>[] {
  const nowMs = Date.now();
  return [
    {
      name: "offset",
      title: "Letter",
      cell: ({ offset }) => <MessageLink topic={letters} offset={offset} />,
    },
    { name: "time", title: "Died", cell: ({ timestamp }) => timeText(timestamp, nowMs) },
    { name: "key", title: "Key", cell: ({ key }) => (key === undefined ? "" : visibleText(key)) },
    {
      name: "back",
      title: <span class="hearing">Publish back</span>,
      cell: (letter) => {
        const done = back.get(letter.offset);
        if (done !== undefined) return <span role="status">{done}</span>;
        return onBack === undefined ? null : (
          <button
            type="button"
            aria-label={`Publish back letter ${letter.offset}`}
            onClick={() => onBack(letter)}
          >
            Publish back
          </button>
        );
      },
    },
    { name: "payload", title: "Payload", cell: (letter) => <code>{beginningText(letter)}</code> },
  ];
}

interface PublishAllProps {
  readonly link: ServerLink;
  readonly topic: string;
  readonly letters: string;
  readonly info: TopicInfo;
  readonly onClose: () => void;
}

function PublishAll({ link, topic, letters, info, onClose }: PublishAllProps): Child {
  const { first_offset: first, latest_offset, id: sourceId } = info;
  // The reader agreed to those that were there, and not to those that come meanwhile.
  const [end] = useState(latest_offset + 1);
  const [stop] = useState(() => new AbortController());
  const [backCount, setBackCount] = useState(0);
  const [state, setState] = useState<"asked" | "running" | "done">("asked");
  const [trouble, setTrouble] = useState<string | undefined>(undefined);
  useEffect(() => () => stop.abort(), [stop]);
  const run = async (): Promise<void> => {
    setState("running");
    const to = link.client.topic(topic);
    const source = link.client.topic(letters);
    const onBack = (): void => setBackCount((count) => count + 1);
    try {
      await publishAllBack({ to, source, sourceId, first, end, signal: stop.signal, onBack });
    } catch (error) {
      setTrouble(sentenceOf(error));
    }
    setState("done");
  };
  return (
    <Dialog title={`Publish ${counted(end - first, "dead letter")} back to ${topic}`} onClose={onClose}>
      <div class="form">
        <p>
          Each goes to the end of {topic}, with its key, content type and headers. The letters stay in{" "}
          {letters} as well. One that was published back a short while ago is not stored twice.
        </p>
        {state === "asked" ? null : (
          <p role="status">
            {countText(backCount)} of {countText(end - first)} {state === "running" ? "so far" : "are back"}
          </p>
        )}
        {trouble === undefined ? null : <Notice text={trouble} />}
        <div class="actions">
          <button type="button" class="primary" disabled={state !== "asked"} onClick={() => void run()}>
            Publish them back
          </button>
          <button type="button" onClick={onClose}>
            {state === "running" ? "Stop" : "Close"}
          </button>
        </div>
      </div>
    </Dialog>
  );
}
