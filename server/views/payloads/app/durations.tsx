/** How long a payload was in each service: a bar as wide as the whole time, and what its parts mean. */
import type { Child } from "hono/jsx/dom";
import type { ServiceState, ServiceTime } from "./services.ts";
import { durationText } from "./times.ts";

const STATE_TEXTS: Readonly<Record<ServiceState, string>> = {
  success: "success",
  failed: "failed",
  processing: "processing",
  other: "",
};

export interface DurationsProps {
  readonly times: readonly ServiceTime[];
  /** From the first status to the last, in seconds. */
  readonly total: number | undefined;
  readonly totalInServices: number | undefined;
}

export function Durations({ times, total, totalInServices }: DurationsProps): Child {
  return (
    <section aria-label="Durations" class="durations">
      <dl class="totals">
        <div>
          <dt>Total time</dt>
          <dd>{total === undefined ? "" : durationText(total)}</dd>
        </div>
        <div>
          <dt>Total time in services</dt>
          <dd>{totalInServices === undefined ? "" : durationText(totalInServices)}</dd>
        </div>
      </dl>
      {/* The legend says the same. */}
      <div class="duration-bar" aria-hidden="true">
        {times.map(({ title, state, seconds, share }) => (
          <span
            key={title}
            class={`part state-${state}`}
            style={{ flexGrow: share }}
            title={`${title}: ${durationText(seconds)}`}
          />
        ))}
      </div>
      <ul class="legend">
        {times.map(({ title, state, seconds, share }) => (
          <li key={title}>
            <span class={`swatch state-${state}`} aria-hidden="true" />
            <span class="what">{title}</span>
            <span class="figure">{durationText(seconds)}</span>
            <span class="figure dim">{Math.round(share * 100)} %</span>
            <span>{STATE_TEXTS[state]}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}
