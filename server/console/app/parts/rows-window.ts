/**
 * Which rows of a long list are in sight, and where they stand. All rows have one height. A browser draws no element
 * higher than some ten million pixels, so a longer list is scrolled by its share, and a part of a row is not seen there.
 */

export interface RowsWindow {
  /** Rows [start, end) are to be drawn. */
  readonly start: number;
  readonly end: number;
  /** Where the first of them stands, in px from the beginning of what is scrolled. */
  readonly top: number;
  /** Height of what is scrolled, in px. */
  readonly height: number;
}

export interface RowsView {
  readonly count: number;
  readonly rowHeight: number;
  readonly scrollTop: number;
  readonly viewHeight: number;
}

/** Firefox ends at 17.8 million, Chromium at 33.5. */
const MOST_HEIGHT = 8_000_000;
/** Rows beyond each edge, so that a quick scroll meets no empty stretch. */
const BEYOND = 8;

export function rowsWindow(view: RowsView): RowsWindow {
  const { count, rowHeight } = view;
  const height = heightOf(view);
  const first = firstRow(view);
  const start = Math.max(0, Math.floor(first) - BEYOND);
  const end = Math.min(count, Math.ceil(first + view.viewHeight / rowHeight) + BEYOND);
  return { start, end, top: Math.round(view.scrollTop - (first - start) * rowHeight), height };
}

/** Where to scroll so that `row` is in sight: as little as possible. */
export function scrollTopFor(view: RowsView, row: number): number {
  const first = firstRow(view);
  const shown = view.viewHeight / view.rowHeight;
  if (row < first) return scrollTopOf(view, row);
  if (row + 1 > first + shown) return scrollTopOf(view, row + 1 - shown);
  return view.scrollTop;
}

/** Where to scroll so that the list stays as it is, with `rows` more of them above; fewer, if negative. */
export function scrollTopMoved(view: RowsView, rows: number): number {
  return scrollTopOf(view, firstRow(view) + rows);
}

function heightOf({ count, rowHeight }: RowsView): number {
  return Math.min(count * rowHeight, MOST_HEIGHT);
}

/** The first row in sight, with the share of it that is scrolled away. */
function firstRow(view: RowsView): number {
  const reach = heightOf(view) - view.viewHeight;
  if (reach <= 0) return 0;
  return (Math.max(0, Math.min(view.scrollTop, reach)) / reach) * mostFirst(view);
}

function scrollTopOf(view: RowsView, first: number): number {
  const most = mostFirst(view);
  const reach = Math.max(0, heightOf(view) - view.viewHeight);
  return most <= 0 ? 0 : (Math.max(0, Math.min(first, most)) / most) * reach;
}

/** The first row that is in sight when the list is scrolled to its end. */
function mostFirst({ count, rowHeight, viewHeight }: RowsView): number {
  return Math.max(0, count - viewHeight / rowHeight);
}
