/** Handler of `/-/metrics`: the figures of this server and its process as Prometheus reads them. */
import { collectDefaultMetrics, type Metric, Registry } from "prom-client";
import { type Answer, textAnswer } from "../http/answer.ts";
import type { Exchange } from "../http/exchange.ts";
import { FAMILIES, type Family, type Sources } from "./metric-families.ts";
import { shownFigures } from "./shown.ts";

/** prom-client watches the event loop for figures that are not ours to show. */
const WATCH_MS = 60_000;

/** The metrics of this process: there is one process, however many servers are in it. */
let processMetrics: readonly Metric[] | undefined;

export async function tellMetrics(exchange: Exchange): Promise<Answer> {
  exchange.parameters().finish();
  const registry = await gather(exchange);
  const texts: string[] = [];
  for (const { name } of registry.getMetricsAsArray()) {
    texts.push(await registry.getSingleMetricAsString(name));
    await exchange.context.runtime.pause();
  }
  return textAnswer(registry.contentType, `${texts.join("\n\n")}\n`);
}

async function gather({ context, grant }: Exchange): Promise<Registry> {
  const { netlog, limits, runtime } = context;
  const stats = await netlog.stats();
  const isShown = (topic: string): boolean => grant.may("read", topic);
  const shown = await shownFigures(stats, isShown, limits, () => runtime.pause());
  const sources: Sources = { ...context, stats, shown };
  const registry = new Registry();
  for (const family of FAMILIES) registry.registerMetric(toMetric(family, sources));
  processMetrics ??= collectProcessMetrics();
  for (const metric of processMetrics) registry.registerMetric(metric);
  return registry;
}

/** What prom-client asks of a metric; its own ones would have us keep each figure twice. */
function toMetric({ name, type, help, read }: Family, sources: Sources): Metric {
  const values = read(sources).map(({ labels, value, suffix = "" }) => ({
    metricName: `${name}${suffix}`,
    labels,
    value,
  }));
  return { name, help, type, get: () => Promise.resolve({ name, help, type, values }) } as unknown as Metric;
}

function collectProcessMetrics(): readonly Metric[] {
  const register = new Registry();
  collectDefaultMetrics({ register, eventLoopMonitoringPrecision: WATCH_MS });
  const names = register.getMetricsAsArray().map(({ name }) => name);
  return names
    .filter((name) => name.startsWith("process_") && !isOurs(name))
    .map((name) => register.getSingleMetric(name)!);
}

/** CPU time: prom-client's begins to count when it is first asked for. */
function isOurs(name: string): boolean {
  return FAMILIES.some((family) => family.name === name);
}
