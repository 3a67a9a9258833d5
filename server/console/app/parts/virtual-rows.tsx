/**
 * A list of any length, of which the page holds the rows in sight. It stays where the reader is when rows come or go
 * above, and at its end while the reader is there.
 */
import { type Child, useEffect, useLayoutEffect, useReducer, useRef } from "hono/jsx/dom";
import { type RowsView, rowsWindow, scrollTopFor, scrollTopMoved } from "./rows-window.ts";

export interface VirtualRowsProps {
  readonly count: number;
  readonly row: (place: number) => Child;
  readonly label: string;
  readonly className?: string;
  /** By how many rows those that are there have moved down since the list was made. */
  readonly moved?: number;
  /** While the end is in sight, the list goes on to what comes. */
  readonly followsEnd?: boolean;
  /** The row at `place` is brought into sight once for each `key`; -1 where it is not there yet. */
  readonly selected?: { readonly key: number; readonly place: number } | undefined;
  /** The reader is near this end of the list. */
  readonly onNear?: (side: "first" | "last") => void;
  /** Further attributes of the box that is scrolled. */
  readonly box?: Readonly<Record<string, unknown>>;
}

/** What scrolls has to be reached by the keyboard. */
const FOCUSABLE = { role: "region", tabIndex: 0 } as const;
/** Height of a row, in the page's own text size. */
const ROW_REM = 1.5;
/** The end is near, within so many rows. */
const NEAR_ROWS = 20;
/** The height before anything was measured. */
const FIRST_HEIGHT = 600;

interface Place {
  scrollTop: number;
  viewHeight: number;
  isAtEnd: boolean;
  moved: number;
  selectedKey: number | undefined;
}

export function VirtualRows(props: VirtualRowsProps): Child {
  const { count, row, label, className = "", onNear } = props;
  const box = useRef<HTMLDivElement>(null);
  const rowHeight = useRowHeight();
  const [, redraw] = useReducer((turns: number) => turns + 1, 0);
  const place = useRef<Place>({
    scrollTop: 0,
    viewHeight: FIRST_HEIGHT,
    isAtEnd: true,
    moved: props.moved ?? 0,
    selectedKey: undefined,
  }).current!;

  const view: RowsView = { count, rowHeight, scrollTop: place.scrollTop, viewHeight: place.viewHeight };
  const scrollTop = placeToShow(view, place, props);
  const shown = rowsWindow({ ...view, scrollTop });

  useLayoutEffect(() => {
    const { current } = box;
    if (current === null) return;
    place.viewHeight = current.clientHeight || place.viewHeight;
    if (Math.abs(current.scrollTop - scrollTop) >= 1) current.scrollTop = scrollTop;
    place.scrollTop = scrollTop;
  });

  useEffect(() => {
    const { current } = box;
    if (current === null) return undefined;
    const observer = new ResizeObserver(() => {
      place.viewHeight = current.clientHeight || place.viewHeight;
      redraw(0);
    });
    observer.observe(current);
    return () => observer.disconnect();
  }, []);

  const look = (): void => {
    const { current } = box;
    if (current === null) return;
    place.scrollTop = current.scrollTop;
    place.viewHeight = current.clientHeight;
    const left = current.scrollHeight - current.clientHeight - current.scrollTop;
    place.isAtEnd = left < rowHeight;
    if (left < NEAR_ROWS * rowHeight) onNear?.("last");
    if (current.scrollTop < NEAR_ROWS * rowHeight) onNear?.("first");
    redraw(0);
  };

  const rows: Child[] = [];
  for (let at = shown.start; at < shown.end; at++) rows.push(row(at));
  const attributes = { ...FOCUSABLE, "aria-label": label, ...props.box };
  return (
    <div ref={box} class={`rows ${className}`} onScroll={look} {...attributes}>
      <div class="rows-all" role="presentation" style={{ height: `${shown.height}px` }}>
        <div class="rows-shown" role="presentation" style={{ transform: `translateY(${shown.top}px)` }}>
          {rows}
        </div>
      </div>
    </div>
  );
}

/** Where the list is to stand now. Notes what it has taken into account. */
function placeToShow(view: RowsView, place: Place, props: VirtualRowsProps): number {
  const { moved = 0, followsEnd = false, selected } = props;
  const movedBy = moved - place.moved;
  place.moved = moved;
  if (selected === undefined) place.selectedKey = undefined;
  else if (selected.place >= 0 && selected.key !== place.selectedKey) {
    place.selectedKey = selected.key;
    const scrollTop = scrollTopFor(view, selected.place);
    place.isAtEnd = place.isAtEnd && scrollTop === view.scrollTop;
    return scrollTop;
  }
  if (followsEnd && place.isAtEnd) return scrollTopFor({ ...view, scrollTop: 0 }, view.count - 1);
  return movedBy === 0 ? view.scrollTop : scrollTopMoved(view, movedBy);
}

function useRowHeight(): number {
  const height = useRef(0);
  if (height.current === 0) {
    height.current = Number.parseFloat(getComputedStyle(document.documentElement).fontSize) * ROW_REM;
  }
  return height.current;
}
