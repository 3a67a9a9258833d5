/** A tally as a histogram of Prometheus. */
import type { Tally } from "../../lib/index.ts";
import type { Labels, Sample } from "./family.ts";

/** A histogram, its values divided by `unit`. */
export function spread(tally: Tally, unit: number, labels: Labels): Sample[] {
  let count = 0;
  const buckets = tally.counts.map((more, step): Sample => {
    count += more;
    const bound = tally.bounds[step];
    const le = bound === undefined ? "+Inf" : String(bound / unit);
    return { suffix: "_bucket", labels: { ...labels, le }, value: count };
  });
  return [
    ...buckets,
    { suffix: "_sum", labels, value: tally.sum / unit },
    { suffix: "_count", labels, value: tally.count },
  ];
}
