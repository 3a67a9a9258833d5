/** One line for each service: how far it is, and folded behind it what it reported. */
import type { Child } from "hono/jsx/dom";
import { isFailure, progressOf, type ServiceWork } from "./services.ts";
import { whenText } from "./times.ts";

export function ServiceList({ works }: { readonly works: readonly ServiceWork[] }): Child {
  return (
    <ul class="services">
      {works.map((work) => (
        <Service key={work.title} work={work} />
      ))}
    </ul>
  );
}

function Service({ work: { title, state, hasFailed, statuses } }: { readonly work: ServiceWork }): Child {
  const progress = progressOf(state);
  const last = statuses.at(-1)?.status ?? "";
  return (
    <li>
      {/* What failed is what one looks for: it is open. */}
      <details open={hasFailed}>
        <summary data-row>
          <span class="what">{title}</span>
          <span class="progress" role="img" aria-label={`${progress} %`}>
            <span class={`state-${state}`} style={{ width: `${progress}%` }} />
          </span>
          <span class={state === "failed" ? "wrong" : undefined}>{last}</span>
        </summary>
        <ol class="reports">
          {statuses.map(({ status, status_msg, source, date }, place) => (
            <li key={place}>
              <span class="dim">{whenText(date)}</span>
              <span class={isFailure({ status }) ? "wrong" : undefined}>{status}</span>
              <span>
                {status_msg ?? ""}
                {source === undefined ? null : <span class="dim"> from {source}</span>}
              </span>
            </li>
          ))}
        </ol>
      </details>
    </li>
  );
}
