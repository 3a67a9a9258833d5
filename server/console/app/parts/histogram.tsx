/** How often a figure was how large: a bar for each bucket, its count beside it. */
import type { Child } from "hono/jsx/dom";
import { countText } from "../figures/format.ts";
import { type Histogram, quantile, usedBuckets } from "../figures/metrics.ts";

export interface HistogramChartProps {
  readonly title: string;
  readonly histogram: Histogram;
  readonly format: (value: number) => string;
  /** What is counted, as in `3 syncs`. */
  readonly thing: string;
}

export function HistogramChart({ title, histogram, format, thing }: HistogramChartProps): Child {
  const buckets = usedBuckets(histogram);
  const most = Math.max(1, ...buckets.map(({ count }) => count));
  const bound = (value: number | undefined): string =>
    value === undefined ? "" : value === Number.POSITIVE_INFINITY ? "more" : `≤ ${format(value)}`;
  return (
    <section class="histogram" aria-label={title}>
      <h2>{title}</h2>
      {buckets.length === 0 ? (
        <p class="dim">There was no {thing} yet.</p>
      ) : (
        <>
          <p class="dim">
            {countText(histogram.count)} {thing}s, half of them {bound(quantile(histogram, 0.5))}, 99 % of
            them {bound(quantile(histogram, 0.99))}
          </p>
          <table>
            <tbody>
              {buckets.map(({ upTo, count }) => (
                <tr key={upTo}>
                  <th scope="row">{bound(upTo)}</th>
                  <td class="bar-cell" aria-hidden="true">
                    <span style={{ width: `${(count / most) * 100}%` }} />
                  </td>
                  <td class="figure">{countText(count)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </>
      )}
    </section>
  );
}
