/** Metrics of a server whose topics are on an engine that others share. Without one they have no samples. */
import type { EngineFigures } from "../../lib/index.ts";
import type { Family } from "./family.ts";
import { spread } from "./spread.ts";

const MS_PER_SECOND = 1000;

export const ENGINE_FAMILIES: readonly Family[] = [
  figure("netlog_engine_connected", "gauge", "1: NATS is connected, and heartbeats come back.", (engine) =>
    Number(engine.isConnected),
  ),
  figure(
    "netlog_engine_synced",
    "gauge",
    "1: NATS has each message on its disks before it acknowledges it; 0: it has not, or nobody knows.",
    (engine) => Number(engine.isSynced),
  ),
  {
    name: "netlog_engine_room_used_ratio",
    type: "gauge",
    help: "The part of its room for streams that the fullest server of NATS has used, 0 to 1; none where NATS cannot be asked.",
    read: ({ stats: { engine } }) =>
      engine?.roomUsedRatio === undefined ? [] : [{ labels: {}, value: engine.roomUsedRatio }],
  },
  figure(
    "netlog_engine_servers",
    "gauge",
    "Other servers of the same topics that live.",
    (engine) => engine.otherServerCount,
  ),
  figure("netlog_engine_topics", "gauge", "Topics of all servers.", (engine) => engine.topicCount),
  figure(
    "netlog_engine_ownerless_topics",
    "gauge",
    "Topics whose server is gone: none serves them now.",
    (engine) => engine.ownerlessCount,
  ),
  {
    name: "netlog_engine_ack_duration_seconds",
    type: "histogram",
    help: "From the sending of a message to NATS to its ack.",
    read: ({ stats: { engine } }) => (engine === undefined ? [] : spread(engine.ackMs, MS_PER_SECOND, {})),
  },
  figure(
    "netlog_engine_unknown_outcomes_total",
    "counter",
    "Sendings without an ack, whose outcome nobody knew at first.",
    (engine) => engine.unknownOutcomes,
  ),
  figure(
    "netlog_engine_resolved_outcomes_total",
    "counter",
    "Those whose outcome was found out.",
    (engine) => engine.resolvedOutcomes,
  ),
  figure(
    "netlog_engine_takeovers_total",
    "counter",
    "Topics that this server took up.",
    (engine) => engine.takeovers,
  ),
  figure(
    "netlog_engine_fences_total",
    "counter",
    "Topics that another server took from this one.",
    (engine) => engine.fences,
  ),
  figure(
    "netlog_engine_unresolved_ends_total",
    "counter",
    "Logs that ended because an outcome stayed unknown.",
    (engine) => engine.unresolvedEnds,
  ),
  figure(
    "netlog_engine_data_losses_total",
    "counter",
    "Logs that ended because NATS has lost what it had acknowledged.",
    (engine) => engine.dataLosses,
  ),
  figure(
    "netlog_engine_single_reads_total",
    "counter",
    "Messages of NATS that were read one by one.",
    (engine) => engine.singleReads,
  ),
  figure(
    "netlog_engine_fetched_reads_total",
    "counter",
    "Messages of NATS that were read many at a time.",
    (engine) => engine.fetchedReads,
  ),
  figure(
    "netlog_engine_relayed_requests_total",
    "counter",
    "Requests that were sent on to other servers over NATS.",
    (engine) => engine.relayedRequests,
  ),
  figure(
    "netlog_engine_relay_messages_total",
    "counter",
    "Messages of NATS that they went in.",
    (engine) => engine.relayMessages,
  ),
];

function figure(
  name: string,
  type: "counter" | "gauge",
  help: string,
  value: (engine: EngineFigures) => number,
): Family {
  return {
    name,
    type,
    help,
    read: ({ stats: { engine } }) => (engine === undefined ? [] : [{ labels: {}, value: value(engine) }]),
  };
}
