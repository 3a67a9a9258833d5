/** The limits that an operator has set, and how much of each is in use, from the server's metrics. */
import { bytesText, countText } from "../figures/format.ts";
import { type Metrics, metricValue } from "../figures/metrics.ts";

export interface LimitUse {
  /** The option that sets it. */
  readonly flag: string;
  readonly limit: string;
  /** `undefined` where there is no sum of it: it holds for each request, message or topic. */
  readonly used: string | undefined;
}

/** Where the server tells how much is in use. */
const USED: Readonly<Record<string, readonly [metric: string, labels?: Readonly<Record<string, string>>]>> = {
  "max-bytes-in-flight": ["netlog_bytes_in_flight"],
  "max-connections": ["netlog_connections"],
  "max-waiting": ["netlog_waiting_requests"],
  "max-topics": ["netlog_topics", { state: "open" }],
};

export function limitsIn(metrics: Metrics): LimitUse[] {
  return (metrics.get("netlog_limit") ?? []).map(({ labels, value }) => {
    const { option = "", unit = "" } = labels;
    const format = unit === "bytes" ? bytesText : countText;
    const [metric, ofMetric] = USED[option] ?? [];
    const used = metric === undefined ? undefined : metricValue(metrics, metric, ofMetric);
    return {
      flag: `--${option}`,
      limit: format(value),
      used: used === undefined ? undefined : format(used),
    };
  });
}
