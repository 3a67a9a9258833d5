/** What a scanner has given out and nobody has settled, a page at a time. */
import { type Child, useState } from "hono/jsx/dom";
import type { PendingMessage } from "../../../../lib/client/index.ts";
import { countText, spanText } from "../figures/format.ts";
import { type Column, Pager, Table } from "../parts/table.tsx";
import { PollNotice } from "../shell/poll-notice.tsx";
import type { ServerLink } from "../shell/server-link.ts";
import { usePoll } from "../shell/use-poll.ts";
import { MessageLink } from "./letter-line.tsx";

const EVERY_MS = 1000;
const PENDING_OF_PAGE = 20;

export interface PendingListProps {
  readonly link: ServerLink;
  readonly topic: string;
  readonly id: string;
  /** All that are pending. */
  readonly count: number;
}

export function PendingList({ link, topic, id, count }: PendingListProps): Child {
  /** The offset behind which each page begins, up to the one that is shown; the first page has none. */
  const [befores, setBefores] = useState<readonly number[]>([]);
  const after = befores.at(-1);
  const poll = usePoll(
    link,
    {
      ask: (signal) => link.once.topic(topic).scanner(id).pending({ after, limit: PENDING_OF_PAGE, signal }),
      everyMs: EVERY_MS,
    },
    [link, topic, id, after],
  );
  const rows = poll.answer ?? [];
  const last = rows.at(-1);
  const isFull = rows.length === PENDING_OF_PAGE && last !== undefined;
  return (
    <section aria-label="Pending messages">
      <h3>
        Pending <span class="dim">{countText(count)}</span>
      </h3>
      <PollNotice error={poll.error} />
      {rows.length === 0 ? (
        <p class="dim">
          {poll.answer === undefined ? "Reading…" : "Every message that was given out is settled."}
        </p>
      ) : (
        <Table
          label="Table of pending messages"
          columns={columnsOf(topic, Date.now())}
          rows={rows}
          keyOf={({ offset }) => String(offset)}
        />
      )}
      {isFull || befores.length > 0 ? (
        <Pager
          text={`${countText(rows.length)} of ${countText(count)}`}
          onPrevious={befores.length === 0 ? undefined : () => setBefores(befores.slice(0, -1))}
          onNext={isFull ? () => setBefores([...befores, last.offset]) : undefined}
        />
      ) : null}
    </section>
  );
}

const STATES: Readonly<Record<PendingMessage["state"], string>> = {
  leased: "leased",
  delayed: "given back, for later",
  due: "waits for a scan",
  dying: "on its way to the dead letters",
};

function columnsOf(topic: string, nowMs: number): Column<PendingMessage>[] {
  return [
    {
      name: "offset",
      title: "Message",
      cell: ({ offset }) => <MessageLink topic={topic} offset={offset} />,
    },
    {
      name: "deliveries",
      title: "Deliveries",
      isFigure: true,
      cell: ({ deliveries }) => countText(deliveries),
    },
    { name: "state", title: "State", cell: ({ state }) => STATES[state] },
    {
      name: "due",
      title: "Due",
      isFigure: true,
      cell: ({ due }) => (due === null ? "now" : `in ${spanText(Math.max(0, Date.parse(due) - nowMs))}`),
    },
  ];
}
