/** The views that run beside the log, with links to their pages. */
import type { Child } from "hono/jsx/dom";
import { countText, UNKNOWN } from "../figures/format.ts";
import { type Column, Table } from "../parts/table.tsx";
import { neighbourUrl } from "../shell/neighbour.ts";
import type { ServerLink } from "../shell/server-link.ts";
import { usePoll } from "../shell/use-poll.ts";

const EVERY_MS = 5000;

/** As `GET /-/views` has it. */
interface View {
  readonly name: string;
  readonly url?: string;
  readonly ready: boolean;
  readonly trouble?: string;
  readonly rows?: number;
  readonly dead_letters?: number;
  readonly topics: readonly { readonly lag?: number }[];
}

const COLUMNS: readonly Column<View>[] = [
  { name: "name", title: "View", cell: (view) => <Pages view={view} /> },
  {
    name: "ready",
    title: "State",
    cell: ({ ready, trouble }) => <span class="wrapped">{ready ? "ready" : (trouble ?? "not ready")}</span>,
  },
  { name: "rows", title: "Rows", isFigure: true, cell: ({ rows }) => figure(rows) },
  { name: "lag", title: "Lag", isFigure: true, cell: ({ topics }) => figure(lagOf(topics)) },
  { name: "dead", title: "Dead letters", isFigure: true, cell: (view) => figure(view.dead_letters) },
];

/** Nothing where the server runs none; it is asked once then. */
export function Views({ link }: { readonly link: ServerLink }): Child {
  const { answer } = usePoll(
    link,
    {
      ask: async (signal) => JSON.parse(await link.get("/-/views", signal)) as View[],
      everyMs: EVERY_MS,
      isLast: (views) => views.length === 0,
    },
    [link],
  );
  if (answer === undefined || answer.length === 0) return null;
  return (
    <section aria-label="Views">
      <h2>Views</h2>
      <Table label="Table of views" columns={COLUMNS} rows={answer} keyOf={({ name }) => name} />
    </section>
  );
}

function Pages({ view: { name, url } }: { readonly view: View }): Child {
  if (url === undefined) return name;
  const reached = neighbourUrl(url, location.hostname);
  return reached === undefined ? `${name}, at ${url} on the server's machine` : <a href={reached}>{name}</a>;
}

function lagOf(topics: View["topics"]): number | undefined {
  const lags = topics.map(({ lag }) => lag);
  return lags.reduce((sum, lag) => (sum === undefined || lag === undefined ? undefined : sum + lag), 0);
}

function figure(value: number | undefined): string {
  return value === undefined ? UNKNOWN : countText(value);
}
