/** The server itself: what runs, how busy it is, its limits, and topics that it cannot serve. */
import { type Child, useMemo } from "hono/jsx/dom";
import { bytesText, countText, latencyText, rateText, spanText, UNKNOWN } from "../figures/format.ts";
import { histogramOf, type Metrics, metricValue, parseMetrics } from "../figures/metrics.ts";
import { RateMeter, TimeSeries } from "../figures/series.ts";
import { FigureList } from "../parts/figure-list.tsx";
import { HistogramChart } from "../parts/histogram.tsx";
import { Notice } from "../parts/notice.tsx";
import { Plot } from "../parts/plot.tsx";
import { Table } from "../parts/table.tsx";
import { isAway, sentenceOf } from "../shell/failure.ts";
import type { PageProps } from "../shell/page.ts";
import { PollNotice } from "../shell/poll-notice.tsx";
import { linkTo } from "../shell/route.ts";
import { usePoll } from "../shell/use-poll.ts";
import { type LimitUse, limitsIn } from "./limits.ts";
import { Views } from "./views.tsx";

const EVERY_MS = 1000;

interface Readiness {
  readonly failed?: readonly { readonly name: string; readonly reason: string }[];
  readonly reason?: string;
}

interface ServerFigures {
  readonly metrics: Metrics;
  readonly ready: Readiness;
}

export function ServerPage({ link }: PageProps): Child {
  const history = useMemo(() => new ServerHistory(), [link]);
  const poll = usePoll(
    link,
    {
      ask: async (signal): Promise<ServerFigures> => {
        const [metrics, ready] = await Promise.all([
          link.get("/-/metrics", signal),
          // A server that is not ready refuses, and its refusal is the answer.
          link.get("/-/ready", signal).catch((error: unknown) => {
            if (isAway(error)) throw error;
            return JSON.stringify({ reason: sentenceOf(error) });
          }),
        ]);
        return { metrics: parseMetrics(metrics), ready: JSON.parse(ready) as Readiness };
      },
      everyMs: EVERY_MS,
      onAnswer: ({ metrics }, atMs) => history.look(metrics, atMs),
    },
    [link],
  );
  const { answer, error } = poll;
  return (
    <>
      <h1 class="hearing">Server</h1>
      <PollNotice error={error} />
      {answer === undefined ? null : (
        <Figures figures={answer} history={history}>
          <Views link={link} />
        </Figures>
      )}
    </>
  );
}

interface FiguresProps {
  readonly figures: ServerFigures;
  readonly history: ServerHistory;
  /** Stands behind what has to be seen first. */
  readonly children: Child;
}

function Figures({ figures, history, children }: FiguresProps): Child {
  const { metrics, ready } = figures;
  return (
    <>
      {ready.reason === undefined ? null : (
        <Notice text={`The server is not ready for work. ${ready.reason}`} />
      )}
      <FigureList figures={factsOf(metrics, history)} />
      <FailedTopics failed={ready.failed ?? []} />
      {children}
      <div class="columns">
        <Plot title="Messages a second" series={history.series} format={rateText} />
        <Plot title="Memory" series={history.memory} format={bytesText} />
      </div>
      <div class="columns">
        <HistogramChart
          title="Syncs to the disk"
          histogram={histogramOf(metrics, "netlog_sync_duration_seconds")}
          format={latencyText}
          thing="sync"
        />
        <HistogramChart
          title="Messages that were written together"
          histogram={histogramOf(metrics, "netlog_commit_messages")}
          format={countText}
          thing="commit"
        />
      </div>
      <Limits limits={limitsIn(metrics)} />
    </>
  );
}

function FailedTopics({ failed }: { readonly failed: NonNullable<Readiness["failed"]> }): Child {
  if (failed.length === 0) return null;
  return (
    <section aria-label="Failed topics">
      <h2>Topics that are not served, or take no messages</h2>
      <Table
        label="Table of failed topics"
        columns={[
          { name: "name", title: "Topic", cell: ({ name }) => <a href={linkTo("topic", name)}>{name}</a> },
          { name: "reason", title: "Reason", cell: ({ reason }) => <span class="wrapped">{reason}</span> },
        ]}
        rows={failed}
        keyOf={({ name }) => name}
      />
    </section>
  );
}

function Limits({ limits }: { readonly limits: readonly LimitUse[] }): Child {
  if (limits.length === 0) return null;
  return (
    <section aria-label="Limits">
      <h2>Limits</h2>
      <Table
        label="Table of limits"
        columns={[
          { name: "flag", title: "Option", cell: ({ flag }) => flag },
          { name: "used", title: "In use", isFigure: true, cell: ({ used }) => used ?? UNKNOWN },
          { name: "limit", title: "Limit", isFigure: true, cell: ({ limit }) => limit },
        ]}
        rows={limits}
        keyOf={({ flag }) => flag}
      />
    </section>
  );
}

function factsOf(metrics: Metrics, history: ServerHistory): (readonly [string, string])[] {
  const figure = (name: string, format: (value: number) => string, labels = {}): string => {
    const value = metricValue(metrics, name, labels);
    return value === undefined ? UNKNOWN : format(value);
  };
  const [info] = metrics.get("netlog_info") ?? [];
  const startedMs = (metricValue(metrics, "process_start_time_seconds") ?? Number.NaN) * 1000;
  return [
    ["version", info?.labels.version ?? UNKNOWN],
    ["node", info?.labels.node ?? UNKNOWN],
    ["uptime", Number.isNaN(startedMs) ? UNKNOWN : spanText(history.atMs - startedMs)],
    ["topics", figure("netlog_topics", countText, { state: "open" })],
    ["failed topics", figure("netlog_topics", countText, { state: "failed" })],
    ["connections", figure("netlog_connections", countText)],
    ["waiting requests", figure("netlog_waiting_requests", countText)],
    ["bytes in flight", figure("netlog_bytes_in_flight", bytesText)],
    ["memory", figure("process_resident_memory_bytes", bytesText)],
    ["processor", history.cpuShare === undefined ? UNKNOWN : `${Math.round(history.cpuShare * 100)} %`],
    ["open files", figure("process_open_fds", countText)],
    ["messages in", figure("netlog_messages_in_total", countText)],
    ["messages out", figure("netlog_messages_out_total", countText)],
    ["longest write", figure("netlog_longest_write_seconds", latencyText)],
    ["recoveries", figure("netlog_recoveries_total", countText)],
  ];
}

/** What the page keeps of the server's figures while it is open. */
class ServerHistory {
  readonly series: TimeSeries = new TimeSeries();
  readonly memory: TimeSeries = new TimeSeries();
  readonly #in = new RateMeter();
  readonly #out = new RateMeter();
  readonly #cpu = new RateMeter();
  /** When the server was looked at last. */
  atMs = 0;
  /** The part of one core that the server uses; `undefined` until it is known. */
  cpuShare: number | undefined;

  look(metrics: Metrics, atMs: number): void {
    const rate = (meter: RateMeter, name: string): number | undefined =>
      meter.look(atMs, metricValue(metrics, name) ?? Number.NaN);
    this.atMs = atMs;
    this.cpuShare = rate(this.#cpu, "process_cpu_seconds_total");
    this.series.add(atMs, {
      in: rate(this.#in, "netlog_messages_in_total"),
      out: rate(this.#out, "netlog_messages_out_total"),
    });
    this.memory.add(atMs, {
      resident: metricValue(metrics, "process_resident_memory_bytes"),
    });
  }
}
