/** The columns of the list of topics, and what the list is sorted by. */
import type { Child } from "hono/jsx/dom";
import type { TopicFigures, TopicPageOptions } from "../../../../lib/client/index.ts";
import { ageOf, bytesText, countText, rateText, UNKNOWN } from "../figures/format.ts";
import { meanRate, RATES_KEPT, type RateWatch } from "../figures/rates.ts";
import { Sparkline } from "../parts/sparkline.tsx";
import type { Column, Sort } from "../parts/table.tsx";
import { linkTo } from "../shell/route.ts";

export interface ColumnsOptions {
  readonly rates: RateWatch;
  readonly nowMs: number;
  /** Asks for the deletion; `undefined` where the token may not delete the topic. */
  readonly onDelete: (topic: TopicFigures) => (() => void) | undefined;
}

export function topicColumns({ rates, nowMs, onDelete }: ColumnsOptions): Column<TopicFigures>[] {
  const rate = (values: readonly (number | undefined)[]): Child => (
    <>
      {rateText(values.at(-1))}
      <Sparkline values={values} room={RATES_KEPT} />
    </>
  );
  return [
    { name: "name", title: "Topic", cell: (topic) => <TopicName topic={topic} /> },
    { name: "messages", title: "Messages", isFigure: true, cell: ({ messages }) => countText(messages) },
    { name: "disk_size", title: "Size", isFigure: true, cell: ({ disk_size }) => bytesText(disk_size) },
    {
      name: "rate_in",
      title: "In/s",
      tip: "Messages published a second, and over the last three minutes",
      isFigure: true,
      cell: ({ name }) => rate(rates.of(name).in),
    },
    {
      name: "rate_out",
      title: "Out/s",
      tip: "Messages read a second, and over the last three minutes",
      isFigure: true,
      cell: ({ name }) => rate(rates.of(name).out),
    },
    {
      name: "newest",
      title: "Newest",
      tip: "Age of the newest message",
      isFigure: true,
      cell: ({ newest }) => ageOf(newest, nowMs),
    },
    {
      name: "scanners",
      title: "Scanners",
      isFigure: true,
      cell: ({ name, scanners }) => (
        <a href={linkTo("scanners", name)} aria-label={`${scanners} scanners of ${name}`}>
          {countText(scanners)}
        </a>
      ),
    },
    {
      name: "lag",
      title: "Lag",
      tip: "Messages that the scanner which is furthest behind has not had",
      isFigure: true,
      cell: ({ lag }) => (lag === null ? UNKNOWN : countText(lag)),
    },
    {
      name: "actions",
      title: <span class="hearing">Actions</span>,
      isUnsorted: true,
      cell: (topic) => {
        const ask = onDelete(topic);
        return ask === undefined ? null : (
          <button
            type="button"
            class="quiet"
            title="Delete"
            aria-label={`Delete ${topic.name}`}
            onClick={ask}
          >
            ✕
          </button>
        );
      },
    },
  ];
}

function TopicName({ topic: { name, closed, failed } }: { readonly topic: TopicFigures }): Child {
  return (
    <>
      <a href={linkTo("topic", name)}>{name}</a>
      {closed === true ? <span class="tag">closed</span> : null}
      {failed === undefined ? null : (
        <a class="tag" href={linkTo("server")} title={failed}>
          ! failed
        </a>
      )}
    </>
  );
}

type ServerSort = NonNullable<TopicPageOptions["sort"]>;

/** Rates are the page's own figures: the server sorts by what they are made of. */
const COUNTED_AS: Readonly<Record<string, string>> = { rate_in: "messages_in", rate_out: "messages_out" };

export function serverSort({ name, isDescending }: Sort): ServerSort {
  return `${isDescending ? "-" : ""}${COUNTED_AS[name] ?? name}` as ServerSort;
}

export function isByRate({ name }: Sort): boolean {
  return COUNTED_AS[name] !== undefined;
}

/** Where the page has all topics, it sorts them by their rates itself. */
export function sortedByRate(
  topics: readonly TopicFigures[],
  { name, isDescending }: Sort,
  rates: RateWatch,
): TopicFigures[] {
  const rateOf = (topic: TopicFigures): number => {
    const { in: came, out } = rates.of(topic.name);
    return meanRate(name === "rate_in" ? came : out);
  };
  const order = isDescending ? -1 : 1;
  return topics.toSorted((a, b) => order * (rateOf(a) - rateOf(b)));
}
