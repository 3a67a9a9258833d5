/**
 * One payload: what is known of it, how long each service took, and what each reported. It asks every 2 s while the answer
 * changes, and stops when it does not any more.
 */
import { type Child, useMemo, useReducer, useState } from "hono/jsx/dom";
import { countText } from "../../../console/app/figures/format.ts";
import { CopyButton } from "../../../console/app/parts/copy-button.tsx";
import { Empty } from "../../../console/app/parts/curl-line.tsx";
import { TextField } from "../../../console/app/parts/field.tsx";
import { type Figure, FigureList } from "../../../console/app/parts/figure-list.tsx";
import { PollNotice } from "../../../console/app/shell/poll-notice.tsx";
import { usePoll } from "../../../console/app/shell/use-poll.ts";
import { Durations } from "./durations.tsx";
import type { LogPlace, TrackerPageProps } from "./page-props.ts";
import { PayloadLinks } from "./payload-links.tsx";
import { linkTo } from "./route.ts";
import { ServiceList } from "./service-list.tsx";
import { byDate, isFailure, parseDuration, timesOf, worksOf } from "./services.ts";
import { Settling } from "./settling.ts";
import { StatusTable } from "./status-table.tsx";
import { whenText } from "./times.ts";
import type { Tracked, TrackedStatus } from "./tracker-link.ts";

const EVERY_MS = 2000;
const HEX_ID = /^[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}$/i;

export function TrackPage(props: TrackerPageProps): Child {
  const { query, onQuery } = props;
  const requestId = query.request_id ?? "";
  return (
    <>
      <h1 class="hearing">Track</h1>
      <AskedId
        key={requestId}
        requestId={requestId}
        onRequestId={(id) => onQuery({ request_id: id === "" ? undefined : id })}
      />
      {requestId === "" ? (
        <Empty text="Type the request_id of a payload to see where it is, and how long each service took." />
      ) : (
        <Followed key={requestId} {...props} requestId={requestId} />
      )}
    </>
  );
}

interface AskedIdProps {
  readonly requestId: string;
  readonly onRequestId: (requestId: string) => void;
}

function AskedId({ requestId, onRequestId }: AskedIdProps): Child {
  const [typed, setTyped] = useState(requestId);
  return (
    <form
      class="toolbar asked-id"
      onSubmit={(event: Event) => {
        event.preventDefault();
        onRequestId(typed.trim());
      }}
    >
      <TextField
        label="request_id"
        type="search"
        value={typed}
        onValue={setTyped}
        placeholder="32 hex digits"
        isFirst={requestId === ""}
      />
      <button type="submit" class="primary" disabled={typed.trim() === ""}>
        Track
      </button>
    </form>
  );
}

interface Answer {
  /** `undefined`: there is no such payload. */
  readonly tracked: Tracked | undefined;
}

interface FollowedProps extends TrackerPageProps {
  readonly requestId: string;
}

function Followed({ link, log, query, onQuery, requestId }: FollowedProps): Child {
  const { sort_by = "date", sort_dir = "desc", tab } = query;
  const settling = useMemo(() => new Settling(), [link, requestId]);
  const [, redraw] = useReducer((turns: number) => turns + 1, 0);
  const poll = usePoll(
    link,
    {
      ask: async (signal): Promise<Answer> => ({
        tracked: await link.payload(requestId, { sort_by, sort_dir }, signal),
      }),
      everyMs: EVERY_MS,
      isLast: (answer) => settling.note(answer),
    },
    [link, requestId, sort_by, sort_dir],
  );
  const lookAgain = (): void => {
    settling.restart();
    poll.start();
    redraw(0);
  };
  const { answer, error } = poll;
  const live = settling.isSettled ? (
    <>
      Nothing changed for a while.{" "}
      <button type="button" onClick={lookAgain}>
        Look again
      </button>
    </>
  ) : (
    "Follows what changes"
  );
  return (
    <>
      <PollNotice error={error} />
      {answer === undefined ? null : (
        <>
          <p class="dim" role="status">
            {live}
          </p>
          {answer.tracked === undefined ? (
            <Missing requestId={requestId} />
          ) : (
            <Shown link={link} log={log} tracked={answer.tracked} tab={tab} query={query} onQuery={onQuery} />
          )}
        </>
      )}
    </>
  );
}

function Missing({ requestId }: { readonly requestId: string }): Child {
  const hint = HEX_ID.test(requestId) ? "" : " A request_id has 32 hex digits, with or without dashes.";
  return (
    <Empty
      text={`There is no payload with the request_id ${requestId}, or it is older than what is kept.${hint}`}
    />
  );
}

interface ShownProps extends Pick<TrackerPageProps, "link" | "log" | "query" | "onQuery"> {
  readonly tracked: Tracked;
  readonly tab: string | undefined;
}

function Shown({ link, log, tracked, tab, query, onQuery }: ShownProps): Child {
  const { data, duration, count } = tracked;
  const [first] = data;
  if (first === undefined) return <Empty text="No service has reported anything of this payload yet." />;
  const isTable = tab === "table";
  return (
    <>
      <Facts payload={first}>
        <PayloadLinks link={link} requestId={first.request_id} />
        {log === undefined ? null : <a href={messagesOf(log, data)}>Its messages in the log</a>}
      </Facts>
      <Verdict tracked={tracked} />
      <Durations
        times={timesOf(tracked)}
        total={parseDuration(duration.total_time)}
        totalInServices={parseDuration(duration.total_time_in_services)}
      />
      {count === undefined ? null : (
        <p class="dim">
          {countText(data.length)} of {countText(count)} statuses are shown
        </p>
      )}
      <fieldset class="choice">
        <legend>Show</legend>
        <button type="button" aria-pressed={String(!isTable)} onClick={() => onQuery({ tab: undefined })}>
          Status
        </button>
        <button type="button" aria-pressed={String(isTable)} onClick={() => onQuery({ tab: "table" })}>
          Table
        </button>
      </fieldset>
      {isTable ? (
        <StatusTable rows={data} query={query} onQuery={onQuery} />
      ) : (
        <ServiceList works={worksOf(data)} />
      )}
    </>
  );
}

/** The console looks through the topic for the request_id, from the time of its first message on. */
function messagesOf({ topicUrl }: LogPlace, statuses: readonly TrackedStatus[]): string {
  const [first] = statuses.toSorted(
    (one, other) => Date.parse(one.created_at) - Date.parse(other.created_at),
  );
  const query = { from: first?.created_at ?? "", filter: first?.request_id ?? "" };
  return `${topicUrl}?${new URLSearchParams(query)}`;
}

/** Links lead to all payloads of the same account, host or system. */
function Facts({ payload, children }: { readonly payload: TrackedStatus; readonly children: Child }): Child {
  const { request_id, account, org_id, inventory_id, system_id } = payload;
  const figures = Object.entries({ account, org_id, inventory_id, system_id }).flatMap(
    ([name, value]): Figure[] =>
      value === undefined || value === "" ? [] : [[name, <Fact key={name} name={name} value={value} />]],
  );
  return (
    <>
      <div class="toolbar facts">
        <h2>{request_id}</h2>
        <CopyButton text={() => request_id}>Copy</CopyButton>
        {children}
      </div>
      <FigureList figures={figures} />
    </>
  );
}

function Fact({ name, value }: { readonly name: string; readonly value: string }): Child {
  return (
    <>
      {value}{" "}
      <a
        href={linkTo("payloads", { [name]: value, recent: "all" })}
        aria-label={`See more of ${name} ${value}`}
      >
        see more
      </a>
    </>
  );
}

/** Where it is, and what failed. */
function Verdict({ tracked: { data } }: { readonly tracked: Tracked }): Child {
  const failed = worksOf(data).filter(({ state }) => state === "failed");
  const last = byDate(data).at(-1);
  return (
    <div class="verdict">
      {failed.map(({ title, statuses }) => {
        const why = statuses.findLast(isFailure)?.status_msg;
        return (
          <p key={title} class="wrong failed">
            Failed in {title}
            {why === undefined ? "" : `: ${why}`}
          </p>
        );
      })}
      {last === undefined ? null : (
        <p>
          Last: {last.service} reported {last.status}, {whenText(last.date)} UTC
        </p>
      )}
    </div>
  );
}
