/** The server's metrics as it tells them, in the text format of Prometheus: as much of it as netlog writes. */

export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** By name; those of a histogram by its names, which end in `_bucket`, `_sum` and `_count`. */
export type Metrics = ReadonlyMap<string, readonly Sample[]>;

const LINE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)/;
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"/g;

/** What is no sample is passed over. */
export function parseMetrics(text: string): Metrics {
  const metrics = new Map<string, Sample[]>();
  for (const line of text.split("\n")) {
    const [, name, labels = "", value = ""] = LINE.exec(line) ?? [];
    if (name === undefined) continue;
    const samples = metrics.get(name) ?? [];
    metrics.set(name, samples);
    samples.push({
      labels: labelsOf(labels),
      value: value === "+Inf" ? Number.POSITIVE_INFINITY : Number(value),
    });
  }
  return metrics;
}

/** The one value of a metric, with these labels where there are several; `undefined` where there is none. */
export function metricValue(
  metrics: Metrics,
  name: string,
  labels: Sample["labels"] = {},
): number | undefined {
  const wanted = Object.entries(labels);
  return metrics.get(name)?.find((sample) => wanted.every(([label, value]) => sample.labels[label] === value))
    ?.value;
}

export interface Bucket {
  /** Values up to this one; infinite in the last bucket. */
  readonly upTo: number;
  /** In this bucket alone. */
  readonly count: number;
}

export interface Histogram {
  readonly buckets: readonly Bucket[];
  readonly count: number;
  readonly sum: number;
}

export function histogramOf(metrics: Metrics, name: string): Histogram {
  let before = 0;
  const buckets = (metrics.get(`${name}_bucket`) ?? []).map(({ labels, value }) => {
    const count = value - before;
    before = value;
    return { upTo: labels.le === "+Inf" ? Number.POSITIVE_INFINITY : Number(labels.le), count };
  });
  return {
    buckets,
    count: metricValue(metrics, `${name}_count`) ?? 0,
    sum: metricValue(metrics, `${name}_sum`) ?? 0,
  };
}

/** The bound below which so large a share of the values lies; `undefined` without values. */
export function quantile({ buckets, count }: Histogram, share: number): number | undefined {
  let seen = 0;
  for (const bucket of buckets) {
    seen += bucket.count;
    if (count > 0 && seen >= count * share) return bucket.upTo;
  }
  return undefined;
}

/** Buckets from the first to the last that has something; none where all are empty. */
export function usedBuckets({ buckets }: Histogram): readonly Bucket[] {
  const first = buckets.findIndex(({ count }) => count > 0);
  const last = buckets.findLastIndex(({ count }) => count > 0);
  return first === -1 ? [] : buckets.slice(first, last + 1);
}

function labelsOf(text: string): Record<string, string> {
  const labels: Record<string, string> = {};
  for (const [, name = "", value = ""] of text.matchAll(LABEL)) {
    labels[name] = value.replace(/\\(.)/g, (_, escaped: string) => (escaped === "n" ? "\n" : escaped));
  }
  return labels;
}
