/** The scanners of a topic as the page shows them: filtered, sorted, a page at a time. The server gives all at once. */
import type { ScannerDescription } from "../../../../lib/client/index.ts";
import { parseSpan } from "./format.ts";

export interface ScannerView {
  /** A part of the id. */
  readonly filter: string;
  readonly sort: string;
  readonly isDescending: boolean;
  /** From 0. */
  readonly page: number;
}

export interface ScannerPage {
  readonly rows: readonly ScannerDescription[];
  /** Those that the filter lets through. */
  readonly count: number;
  /** Place of the first row among them. */
  readonly first: number;
  readonly hasNext: boolean;
}

/** So many rows are drawn, however many scanners there are. */
export const SCANNERS_OF_PAGE = 100;

/** What is not there is less than anything. */
const FIGURES: Readonly<Record<string, (scanner: ScannerDescription) => number>> = {
  next: ({ next }) => next,
  lag: ({ lag }) => lag,
  pending: ({ pending }) => pending,
  oldest_pending: ({ oldest_pending }) => parseSpan(oldest_pending) ?? -1,
  redelivered: ({ redelivered }) => redelivered,
  dead_lettered: ({ dead_lettered }) => dead_lettered,
  skipped: ({ skipped }) => skipped,
  last_scan: ({ last_scan }) => (last_scan === null ? -1 : Date.parse(last_scan)),
};

/** Scanners whose figures are equal are in the order of their ids. */
export function scannerPage(all: readonly ScannerDescription[], view: ScannerView): ScannerPage {
  const { filter, sort, isDescending } = view;
  const found = all.filter(({ id }) => id.toLowerCase().includes(filter.toLowerCase()));
  const figure = FIGURES[sort];
  const order = isDescending ? -1 : 1;
  const byId = (a: ScannerDescription, b: ScannerDescription): number => (a.id < b.id ? -1 : 1);
  found.sort((a, b) =>
    figure === undefined ? order * byId(a, b) : order * (figure(a) - figure(b)) || byId(a, b),
  );
  const pageCount = Math.max(1, Math.ceil(found.length / SCANNERS_OF_PAGE));
  const first = Math.min(Math.max(0, view.page), pageCount - 1) * SCANNERS_OF_PAGE;
  return {
    rows: found.slice(first, first + SCANNERS_OF_PAGE),
    count: found.length,
    first,
    hasNext: first + SCANNERS_OF_PAGE < found.length,
  };
}
