/** The page of a topic: its figures, plots and segments, its settings, and what one can do with it. */
import { type Child, useEffect, useMemo, useState } from "hono/jsx/dom";
import type { Finding, Topic, TopicInfo } from "../../../../lib/client/index.ts";
import { ageOf, bytesText, counted, countText, rateText, UNKNOWN } from "../figures/format.ts";
import { FigureList } from "../parts/figure-list.tsx";
import { Notice } from "../parts/notice.tsx";
import { Plot } from "../parts/plot.tsx";
import { sentenceOf } from "../shell/failure.ts";
import type { PageProps } from "../shell/page.ts";
import { useRights } from "../shell/rights.ts";
import { linkTo } from "../shell/route.ts";
import { usePoll } from "../shell/use-poll.ts";
import { CheckPanel } from "./check-panel.tsx";
import { SegmentBar } from "./segment-bar.tsx";
import { SettingsForm } from "./settings-form.tsx";
import { lagsOf, TopicFigures } from "./topic-figures.ts";

const EVERY_MS = 1000;

export function TopicPage({ link, topic: name }: PageProps): Child {
  const figures = useMemo(() => new TopicFigures(), [name]);
  const topic = useMemo(() => link.client.topic(name), [link, name]);
  const poll = usePoll(
    link,
    {
      ask: (signal) => link.once.topic(name).info({ signal }),
      everyMs: EVERY_MS,
      onAnswer: (info, atMs) => figures.note(info, atMs),
    },
    [link, name],
  );
  const rights = useRights(link, name);
  const oldestMs = useOldest(topic, poll.answer);
  const info = poll.answer;
  if (info === undefined) {
    return poll.error === undefined ? <p class="dim">Reading…</p> : <Notice text={sentenceOf(poll.error)} />;
  }
  // The library's own call gives up after a silence, and a check is silent for as long as it takes.
  const check = async (from: number | undefined, signal: AbortSignal): Promise<readonly Finding[]> => {
    const query = from === undefined ? "" : `?from=${from}`;
    const answer: unknown = JSON.parse(await link.get(`/${encodeURIComponent(name)}/check${query}`, signal));
    return Array.isArray(answer) ? answer : [];
  };
  const showMessages = (offset: number): void => {
    location.hash = linkTo("messages", name, { from: String(offset) });
  };
  return (
    <div class="topic">
      {poll.error === undefined ? null : (
        <Notice text={`${sentenceOf(poll.error)} The page shows what it knew last.`} />
      )}
      <Figures info={info} />
      <Plots figures={figures} />
      <SegmentBar info={info} oldestMs={oldestMs} onPlace={showMessages} />
      {rights.mayWrite ? <Acts topic={topic} info={info} onDone={() => poll.start()} /> : null}
      {rights.mayAdmin ? (
        <>
          <SettingsForm link={link} topic={topic} info={info} onChanged={() => poll.start()} />
          <CheckPanel check={check} sizeBytes={info.disk_size} onPlace={showMessages} />
        </>
      ) : null}
    </div>
  );
}

function Figures({ info }: { readonly info: TopicInfo }): Child {
  const { first_offset, latest_offset, disk_size, segments, mod_time, closed, forks, forked_from } = info;
  const lags = lagsOf(info).map(([, lag]) => lag);
  const isEmpty = latest_offset < first_offset;
  const figures: (readonly [string, string])[] = [
    ["messages", countText(latest_offset - first_offset + 1)],
    ["first", isEmpty ? UNKNOWN : countText(first_offset)],
    ["newest", isEmpty ? UNKNOWN : countText(latest_offset)],
    ["written", isEmpty ? UNKNOWN : `${ageOf(mod_time, Date.now())} ago`.replace("now ago", "now")],
    ["size", bytesText(disk_size)],
    ["segments", countText(segments.length)],
    ["scanners", countText(lags.length)],
    ["greatest lag", lags.length === 0 ? UNKNOWN : countText(Math.max(...lags))],
  ];
  if (forks !== undefined) figures.push(["forks", countText(forks)]);
  if (forked_from !== undefined)
    figures.push(["forked from", `${forked_from.topic} at ${forked_from.offset}`]);
  if (closed === true) figures.push(["state", "closed"]);
  return <FigureList figures={figures} />;
}

/** A reader could not tell further lines apart. */
const MOST_LINES = 4;

function Plots({ figures }: { readonly figures: TopicFigures }): Child {
  const { messageRate, byteRate, lags } = figures;
  const furthest = [...lags.names]
    .toSorted((one, other) => (lags.last(other) ?? 0) - (lags.last(one) ?? 0))
    .slice(0, MOST_LINES)
    .toSorted();
  const isAll = furthest.length === lags.names.length;
  return (
    <div class="plots">
      <Plot title="Messages a second" series={messageRate} names={["in"]} format={rateText} />
      <Plot title="Bytes a second" series={byteRate} names={["in"]} format={bytesText} />
      {furthest.length === 0 ? null : (
        <Plot
          title={isAll ? "Lag by scanner" : `Lag of the ${MOST_LINES} scanners that are furthest behind`}
          series={lags}
          names={furthest}
          format={countText}
        />
      )}
    </div>
  );
}

interface ActsProps {
  readonly topic: Topic;
  readonly info: TopicInfo;
  readonly onDone: () => void;
}

/** Sync and close. What cannot be undone asks for a second click. */
function Acts({ topic, info, onDone }: ActsProps): Child {
  const [said, setSaid] = useState("");
  const [isAsking, setAsking] = useState(false);
  const act = async (call: () => Promise<void>, done: string): Promise<void> => {
    setSaid("…");
    setAsking(false);
    try {
      await call();
      setSaid(done);
    } catch (error) {
      setSaid(sentenceOf(error));
    }
    onDone();
  };
  const count = info.latest_offset - info.first_offset + 1;
  return (
    <section class="acts" aria-label="Sync and close">
      <div class="actions">
        <button
          type="button"
          onClick={() => void act(() => topic.sync(), "Everything accepted so far is on the disk.")}
        >
          Sync
        </button>
        {info.closed === true ? null : (
          <button type="button" aria-expanded={String(isAsking)} onClick={() => setAsking(!isAsking)}>
            Close…
          </button>
        )}
        <span role="status">{said}</span>
      </div>
      {isAsking ? (
        <div class="note">
          <p>
            A closed topic takes no more messages, for good. Its {counted(count, "message")} can still be
            read.
          </p>
          <div class="actions">
            <button
              type="button"
              class="primary"
              onClick={() => void act(() => topic.close(), "The topic is closed.")}
            >
              Close {topic.name} for good
            </button>
            <button type="button" onClick={() => setAsking(false)}>
              Leave it open
            </button>
          </div>
        </div>
      ) : null}
    </section>
  );
}

/** When the first message that is kept was published, in ms since 1970. */
function useOldest(topic: Topic, info: TopicInfo | undefined): number | undefined {
  const [oldestMs, setOldest] = useState<number | undefined>(undefined);
  const first = info !== undefined && info.latest_offset >= info.first_offset ? info.first_offset : undefined;
  useEffect(() => {
    if (first === undefined) return undefined;
    const stop = new AbortController();
    topic.readBatch({ from: first, max: 1, maxBytes: 1, signal: stop.signal }).then(
      ({ messages: [message] }) => setOldest(message && Date.parse(message.timestamp)),
      // Damaged, or dropped meanwhile: the bar does without.
      () => setOldest(undefined),
    );
    return () => stop.abort();
  }, [topic, first]);
  return oldestMs;
}
