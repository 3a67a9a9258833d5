/**
 * The telemetry card of a client: since when it is known, what it subscribed to, and what it sent and got; by the hour in the
 * last days, and by the second while the page is open.
 */
import type { Child } from "hono/jsx/dom";
import { ageText, counted, countText, rateText } from "../../../console/app/figures/format.ts";
import { Empty } from "../../../console/app/parts/curl-line.tsx";
import { type Figure, FigureList } from "../../../console/app/parts/figure-list.tsx";
import { Plot } from "../../../console/app/parts/plot.tsx";
import { usePageKeys } from "../../../console/app/shell/page.ts";
import { usePoll } from "../../../console/app/shell/use-poll.ts";
import { type ClientFigures, figuresOf } from "./client-figures.ts";
import { type Entity, entityChange, entityIn, entityText, troubleOf } from "./entity.ts";
import { EntityForm } from "./entity-form.tsx";
import { Failure } from "./failure.tsx";
import { dayAndHour, firstHour, hoursSeries, SHOWN_DAYS } from "./hours-series.ts";
import type { Telemetry } from "./journal-link.ts";
import type { JournalPageProps } from "./page-props.ts";
import { linkTo } from "./route.ts";

const EVERY_MS = 2000;
const HOURS_EVERY_MS = 30_000;

export function TelemetryPage(props: JournalPageProps): Child {
  const { session, query, onQuery } = props;
  const client: Entity = { ...entityIn(query), kind: "client" };
  const shown = JSON.stringify(client);
  const trouble = troubleOf(client);
  return (
    <>
      <h1 class="hearing">Telemetry</h1>
      <EntityForm
        key={shown}
        entity={client}
        kinds={["client"]}
        domains={session?.domains ?? []}
        onEntity={({ domain, id }) => onQuery({ domain, id })}
      />
      {trouble === undefined ? (
        <Followed key={shown} {...props} client={client} />
      ) : (
        <Empty
          text={
            client.id === ""
              ? "Telemetry says how many messages a client has sent and got. Choose a client, by its domain and its id."
              : trouble
          }
        />
      )}
    </>
  );
}

interface Answer {
  /** `undefined`: nothing is known of the client. */
  readonly telemetry: Telemetry | undefined;
  readonly atMs: number;
}

interface FollowedProps extends JournalPageProps {
  readonly client: Entity;
}

function Followed({ link, session, client }: FollowedProps): Child {
  const figures = figuresOf(JSON.stringify(client));
  const poll = usePoll(
    link,
    {
      ask: async (signal): Promise<Answer> => {
        const telemetry = await link.telemetry(client, signal);
        return { telemetry, atMs: Date.now() };
      },
      everyMs: EVERY_MS,
      onAnswer: ({ telemetry, atMs }) => {
        if (telemetry !== undefined) figures.note(telemetry, atMs);
      },
    },
    [link],
  );
  const { answer, error } = poll;
  usePageKeys({ r: { text: "ask again", press: () => poll.start() } }, [poll]);
  return (
    <>
      <div class="toolbar">
        <h2>{entityText(client)}</h2>
        <a href={linkTo("journal", entityChange(client))}>Its journal</a>
      </div>
      <Failure error={error} session={session} entity={client} />
      {answer !== undefined ? (
        <Card answer={answer} figures={figures} client={client} link={link} />
      ) : error === undefined ? (
        <p role="status" class="dim">
          Loading …
        </p>
      ) : null}
    </>
  );
}

interface CardProps extends Pick<FollowedProps, "link" | "client"> {
  readonly answer: Answer;
  readonly figures: ClientFigures;
}

function Card({ answer: { telemetry, atMs }, figures, link, client }: CardProps): Child {
  if (telemetry === undefined) {
    return (
      <Empty
        text={`Nothing is known of ${entityText(client)}: no event created it there, and it has published nothing.`}
      >
        <p class="dim" role="status">
          The page looks again every {EVERY_MS / 1000} s.
        </p>
      </Empty>
    );
  }
  const { first_seen, last_seen, subscriptions, inbound_messages, outbound_messages } = telemetry;
  const seen = (time: string): string => {
    const age = ageText(atMs - Date.parse(time));
    return `${timeText(time)} UTC, ${age === "now" ? age : `${age} ago`}`;
  };
  const list: Figure[] = [
    ["First seen", seen(first_seen)],
    ["Last seen", seen(last_seen)],
    ["Subscriptions", countText(subscriptions)],
    ["Published by it (inbound)", countText(inbound_messages)],
    ["Delivered to it (outbound)", countText(outbound_messages)],
  ];
  return (
    <>
      <FigureList figures={list} />
      <Hours link={link} client={client} />
      <Messages figures={figures} />
    </>
  );
}

function Hours({ link, client }: Pick<CardProps, "link" | "client">): Child {
  const { answer } = usePoll(
    link,
    {
      ask: async (signal) => {
        const nowMs = Date.now();
        return hoursSeries((await link.hours(client, firstHour(nowMs), signal)) ?? [], nowMs);
      },
      everyMs: HOURS_EVERY_MS,
    },
    [link],
  );
  if (answer === undefined) return null;
  return (
    <section aria-label="Messages by the hour">
      <Plot
        title={`Messages an hour in the last ${SHOWN_DAYS} days, by the log's time; the present hour is not over`}
        series={answer}
        names={["published", "delivered"]}
        format={countText}
        timeText={dayAndHour}
      />
    </section>
  );
}

function Messages({ figures: { rates, since } }: Pick<CardProps, "figures">): Child {
  if (since === undefined) return null;
  const { atMs, published, delivered } = since;
  const time = new Date(atMs).toISOString().slice(11, 19);
  return (
    <section aria-label="Messages over time">
      <Plot
        title={`Messages a second, since this page was opened at ${time} UTC`}
        series={rates}
        names={["published", "delivered"]}
        format={rateText}
      />
      <p class="dim">
        Since then it has published {counted(published, "message")}, and {countText(delivered)}{" "}
        {delivered === 1 ? "was" : "were"} delivered to it.
      </p>
    </section>
  );
}

function timeText(time: string): string {
  return time.replace("T", " ").replace(/Z$/, "");
}
