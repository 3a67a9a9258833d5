/**
 * Handler of `/-/metrics`: the figures of this server and its process as Prometheus reads them. The server prints its
 * own; those of the process are prom-client's.
 */
import type { Registry } from "prom-client";
import { type Answer, textAnswer } from "../http/answer.ts";
import type { Exchange } from "../http/exchange.ts";
import type { Family, Sample, Sources } from "./family.ts";
import { FAMILIES } from "./metric-families.ts";
import { shownFigures } from "./shown.ts";

/** prom-client watches the event loop for figures that are not ours to show. */
const WATCH_MS = 60_000;

/** The metrics of this process: there is one process, however many servers are in it. */
let processMetrics: Promise<Registry> | undefined;

export async function tellMetrics(exchange: Exchange): Promise<Answer> {
  exchange.parameters().finish();
  const { runtime } = exchange.context;
  const sources = await gather(exchange);
  processMetrics ??= collectProcessMetrics();
  const ofProcess = await processMetrics;
  const texts: string[] = [];
  for (const family of FAMILIES) {
    texts.push(familyText(family, family.read(sources)));
    await runtime.pause();
  }
  texts.push(await ofProcess.metrics());
  return textAnswer(ofProcess.contentType, texts.join("\n"));
}

async function gather({ context, grant }: Exchange): Promise<Sources> {
  const { netlog, limits, runtime } = context;
  const stats = await netlog.stats();
  const isShown = (topic: string): boolean => grant.may("read", topic);
  const shown = await shownFigures(stats, isShown, limits, () => runtime.pause());
  return { ...context, stats, shown };
}

/** One family in the text format: https://prometheus.io/docs/instrumenting/exposition_formats/ */
function familyText({ name, type, help }: Family, samples: readonly Sample[]): string {
  const lines = samples.map(({ labels, value, suffix = "" }) => {
    const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escaped(text)}"`);
    return `${name}${suffix}${pairs.length === 0 ? "" : `{${pairs.join(",")}}`} ${value}\n`;
  });
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join("")}`;
}

function escaped(label: string): string {
  return label.replace(/["\\\n]/g, (character) => (character === "\n" ? "\\n" : `\\${character}`));
}

/** prom-client is loaded when it is first asked for: many servers never are, and start sooner. */
async function collectProcessMetrics(): Promise<Registry> {
  const { collectDefaultMetrics, Registry } = await import("prom-client");
  const register = new Registry();
  collectDefaultMetrics({ register, eventLoopMonitoringPrecision: WATCH_MS });
  for (const { name } of register.getMetricsAsArray()) {
    if (!name.startsWith("process_") || isOurs(name)) register.removeSingleMetric(name);
  }
  return register;
}

/** CPU time: prom-client's begins to count when it is first asked for. */
function isOurs(name: string): boolean {
  return FAMILIES.some((family) => family.name === name);
}
