/**
 * What the server shows of itself: the one table of its metrics, their names and how each is read. Times are seconds
 * and sizes bytes, as Prometheus has it.
 */
import type { ViewFigures } from "../http/context.ts";
import type { CallTraffic } from "../http/traffic.ts";
import { ENGINE_FAMILIES } from "./engine-families.ts";
import type { Family, Labels, Sources } from "./family.ts";
import type { ScannerFigures, TopicFigures } from "./shown.ts";
import { spread } from "./spread.ts";

/** Options of `serve`, the limits that they set, and what these count. */
const LIMITS_SHOWN = [
  ["max-message-size", "payloadBytes", "bytes"],
  ["max-batch-size", "batchBytes", "bytes"],
  ["max-bytes-in-flight", "bytesInFlight", "bytes"],
  ["max-connections", "connections", "count"],
  ["max-waiting", "waitingRequests", "count"],
  ["max-topics", "topics", "count"],
  ["max-remembered", "remembered", "count"],
  ["max-scanners", "scanners", "count"],
] as const;

const MS_PER_SECOND = 1000;
const US_PER_SECOND = 1_000_000;

export const FAMILIES: readonly Family[] = [
  gauge("netlog_info", "The program; always 1.", ({ version }) => [
    { labels: { version, node: process.versions.node }, value: 1 },
  ]),
  {
    name: "netlog_http_requests_total",
    type: "counter",
    help: "Requests by route, method and status; 499: the client left before it was answered.",
    read: ({ traffic }) =>
      traffic.routes.flatMap(({ route, method, statuses }) =>
        Array.from(statuses, ([status, value]) => ({
          labels: { route, method, status: String(status) },
          value,
        })),
      ),
  },
  {
    name: "netlog_http_request_duration_seconds",
    type: "histogram",
    help: "From a request to its answer, the time that it waits included; of a stream, to its headers.",
    read: ({ traffic }) =>
      traffic.routes.flatMap(({ route, method, durationMs }) =>
        spread(durationMs, MS_PER_SECOND, { route, method }),
      ),
  },
  {
    name: "netlog_grpc_calls_total",
    type: "counter",
    help: "Calls of gRPC by method and status, those on the port of a view with its name; CANCELLED: the client left before the status.",
    read: (sources) =>
      callsOf(sources).flatMap(([labels, { statuses }]) =>
        Array.from(statuses, ([status, value]) => ({ labels: { ...labels, status }, value })),
      ),
  },
  {
    name: "netlog_grpc_call_duration_seconds",
    type: "histogram",
    help: "From a call's headers to its status, the time that it waits included; a stream is over at its end.",
    read: (sources) =>
      callsOf(sources).flatMap(([labels, { durationMs }]) => spread(durationMs, MS_PER_SECOND, labels)),
  },
  gauge("netlog_connections", "Open connections.", ({ connections }) => [
    { labels: {}, value: connections.count },
  ]),
  counter(
    "netlog_connections_dropped_total",
    "Connections closed unheard, for there were far too many, or too many of one address.",
    (s) => s.connections.droppedCount,
  ),
  gauge(
    "netlog_waiting_requests",
    "Requests that wait for a message or another server, streams left out; and all calls of gRPC that need a token.",
    (s) => [{ labels: {}, value: s.occupancy.all.waitingCount }],
  ),
  gauge("netlog_bytes_in_flight", "Memory of bodies and answers that are not done with yet.", (s) => [
    { labels: {}, value: s.occupancy.all.bytes.takenBytes },
  ]),
  {
    name: "netlog_loop_hold_seconds",
    type: "histogram",
    help: "How late a timer of 10 ms came while there was work: the event loop was held so long, or up to 10 ms longer.",
    read: ({ loop }) => spread(loop.holdMs, MS_PER_SECOND, {}),
  },
  counter(
    "netlog_messages_in_total",
    "Messages published and acknowledged.",
    (s) => s.stats.counters.messagesIn,
  ),
  counter("netlog_bytes_in_total", "Bytes of those messages.", (s) => s.stats.counters.bytesIn),
  counter(
    "netlog_duplicates_total",
    "Publishes that had been stored before, and were answered as the first time.",
    (s) => s.traffic.duplicates,
  ),
  {
    name: "netlog_refused_publishes_total",
    type: "counter",
    help: "Publishes refused for a condition, a producer's number, another body under their key, or a closed topic.",
    read: ({ traffic }) =>
      Array.from(traffic.refusedTerms, ([reason, value]) => ({ labels: { reason }, value })),
  },
  counter(
    "netlog_forgotten_total",
    "Idempotency keys and producers forgotten before their time, because there were too many.",
    (s) => s.stats.counters.forgotten,
  ),
  counter("netlog_messages_out_total", "Messages in answers and streams.", (s) => s.traffic.messagesOut),
  counter("netlog_bytes_out_total", "Bytes of those messages, as they were sent.", (s) => s.traffic.bytesOut),
  {
    name: "netlog_commit_messages",
    type: "histogram",
    help: "Messages that were written together; the count is that of commits.",
    read: ({ stats }) => spread(stats.counters.groupMessages, 1, {}),
  },
  {
    name: "netlog_sync_duration_seconds",
    type: "histogram",
    help: "Syncs of segments to the disk.",
    read: ({ stats }) => spread(stats.counters.syncMs, MS_PER_SECOND, {}),
  },
  gauge("netlog_longest_write_seconds", "The longest write so far; nothing else happens meanwhile.", (s) => [
    { labels: {}, value: s.stats.counters.longestWriteMs / MS_PER_SECOND },
  ]),
  counter(
    "netlog_recoveries_total",
    "Topics that were opened without having been closed.",
    (s) => s.stats.counters.recoveries,
  ),
  counter("netlog_cuts_total", "Torn ends of segments that were cut off.", (s) => s.stats.counters.cuts),
  counter("netlog_cut_bytes_total", "Bytes of those.", (s) => s.stats.counters.cutBytes),
  counter(
    "netlog_log_lines_dropped_total",
    "Lines missing from the server's own log, which could not be written.",
    (s) => s.droppedLogLines(),
  ),
  gauge("netlog_open_files", "Files of segments and scanners that are open.", (s) => [
    { labels: {}, value: s.stats.openFileCount },
  ]),
  gauge(
    "netlog_topics",
    "Topics: open ones, failed ones (not served, or taking no messages), and names of deleted ones that have forks.",
    ({ stats }) => [
      { labels: { state: "open" }, value: stats.openTopicCount },
      { labels: { state: "failed" }, value: stats.failedTopicCount },
      { labels: { state: "tombstone" }, value: stats.tombstoneCount },
    ],
  ),
  gauge("netlog_limit", "Limits that are set, by the option that sets them.", ({ limits }) =>
    LIMITS_SHOWN.map(([option, name, unit]) => ({ labels: { option, unit }, value: limits[name] })),
  ),
  gauge("netlog_waiters", "Readers that wait for a message.", ({ shown }) => [
    { labels: {}, value: shown.waiterCount },
  ]),
  perTopic("netlog_topic_segments", "Segments of a topic.", (topic) => topic.segmentCount),
  perTopic("netlog_topic_size_bytes", "Bytes of a topic's segments and indexes.", (topic) => topic.sizeBytes),
  perTopic(
    "netlog_topic_high_watermark",
    "Offset behind the newest message that can be read.",
    (topic) => topic.highWatermark,
  ),
  perTopic("netlog_topic_scanners", "Scanners of a topic.", (topic) => topic.scannerCount),
  perScanner("netlog_scanner_lag", "Messages that a scanner has not had.", (scanner) => scanner.lag),
  perScanner("netlog_scanner_pending", "Messages given out and not settled.", (scanner) => scanner.pending),
  perView(
    "netlog_view_lag_messages",
    "gauge",
    "Messages that a view has not applied.",
    ({ lagMessages }) => lagMessages,
  ),
  perView("netlog_view_applied_total", "counter", "Messages that a view applied.", (v) => v.appliedCount),
  perView(
    "netlog_view_malformed_total",
    "counter",
    "Messages that a view refused as malformed: dead letters.",
    (view) => view.malformedCount,
  ),
  perView(
    "netlog_view_refused_total",
    "counter",
    "Messages that the database of a view refused: dead letters.",
    (view) => view.refusedCount,
  ),
  perView(
    "netlog_view_missed_total",
    "counter",
    "Messages that were dropped or damaged before a view read them.",
    (view) => view.missedCount,
  ),
  {
    name: "netlog_view_batch_seconds",
    type: "histogram",
    help: "How long a view took to apply a batch of messages.",
    read: ({ views }) =>
      (views?.figures() ?? []).flatMap(({ name, batchMs }) => spread(batchMs, MS_PER_SECOND, { view: name })),
  },
  counter("process_cpu_user_seconds_total", "CPU time of the process in user mode.", () =>
    cpuSeconds("user"),
  ),
  counter("process_cpu_system_seconds_total", "CPU time spent in the system.", () => cpuSeconds("system")),
  counter("process_cpu_seconds_total", "Both.", () => cpuSeconds("user") + cpuSeconds("system")),
  ...ENGINE_FAMILIES,
];

/** The calls of each method, with its labels. */
function callsOf({ traffic, views }: Sources): [Labels, CallTraffic][] {
  const own = Array.from(traffic.calls, ([method, calls]): [Labels, CallTraffic] => [{ method }, calls]);
  const ofViews = (views?.figures() ?? []).flatMap(({ name: view, calls = [] }) =>
    Array.from(calls, ([method, each]): [Labels, CallTraffic] => [{ view, method }, each]),
  );
  return [...own, ...ofViews];
}

function cpuSeconds(mode: "user" | "system"): number {
  return process.cpuUsage()[mode] / US_PER_SECOND;
}

function perView(
  name: string,
  type: "counter" | "gauge",
  help: string,
  value: (view: ViewFigures) => number | undefined,
): Family {
  return {
    name,
    type,
    help,
    read: ({ views }) =>
      (views?.figures() ?? []).flatMap((view) => {
        const found = value(view);
        return found === undefined ? [] : [{ labels: { view: view.name }, value: found }];
      }),
  };
}

function gauge(name: string, help: string, read: Family["read"]): Family {
  return { name, type: "gauge", help, read };
}

function counter(name: string, help: string, value: (sources: Sources) => number): Family {
  return { name, type: "counter", help, read: (sources) => [{ labels: {}, value: value(sources) }] };
}

function perTopic(name: string, help: string, value: (topic: TopicFigures) => number): Family {
  return gauge(name, help, ({ shown }) =>
    shown.topics.map((topic) => ({ labels: { topic: topic.name }, value: value(topic) })),
  );
}

function perScanner(name: string, help: string, value: (scanner: ScannerFigures) => number): Family {
  return gauge(name, help, ({ shown }) =>
    shown.scanners.map((scanner) => ({
      labels: { topic: scanner.topic, scanner: scanner.id },
      value: value(scanner),
    })),
  );
}
