/** A table whose columns sort. `j` and `k` go through its rows; what is wider than the page scrolls inside. */
import type { Child } from "hono/jsx/dom";

export interface Column<Row> {
  /** What it is sorted by. */
  readonly name: string;
  readonly title: Child;
  /** What the column holds, in full; shown as a tip of its title. */
  readonly tip?: string;
  /** Figures stand at the right, so that their digits are below each other. */
  readonly isFigure?: boolean;
  /** It is no order that anybody asks for. */
  readonly isUnsorted?: boolean;
  readonly cell: (row: Row) => Child;
}

export interface Sort {
  readonly name: string;
  readonly isDescending: boolean;
}

export interface TableProps<Row> {
  readonly label: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row, place: number) => string;
  readonly sort?: Sort | undefined;
  readonly onSort?: ((sort: Sort) => void) | undefined;
  /** The row whose details are open. */
  readonly selected?: string | undefined;
}

export function Table<Row>(props: TableProps<Row>): Child {
  const { label, columns, rows, keyOf, sort, onSort, selected } = props;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by the keyboard
    <section class="table-box" aria-label={label} tabIndex={0}>
      <table>
        <thead>
          <tr>
            {columns.map((column) => (
              <Header key={column.name} column={column} sort={sort} onSort={onSort} />
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, at) => {
            const key = keyOf(row, at);
            return (
              <tr key={key} data-row aria-current={key === selected ? "true" : undefined}>
                {columns.map(({ name, isFigure, cell }, place) =>
                  place === 0 ? (
                    <th key={name} scope="row">
                      {cell(row)}
                    </th>
                  ) : (
                    <td key={name} class={isFigure === true ? "figure" : undefined}>
                      {cell(row)}
                    </td>
                  ),
                )}
              </tr>
            );
          })}
        </tbody>
      </table>
    </section>
  );
}

interface HeaderProps<Row> {
  readonly column: Column<Row>;
  readonly sort: Sort | undefined;
  readonly onSort: ((sort: Sort) => void) | undefined;
}

function Header<Row>({ column, sort, onSort }: HeaderProps<Row>): Child {
  const { name, title, tip, isFigure = false, isUnsorted = false } = column;
  const className = isFigure ? "figure" : undefined;
  if (onSort === undefined || isUnsorted) {
    return (
      <th scope="col" class={className} title={tip}>
        {title}
      </th>
    );
  }
  const isSorted = sort?.name === name;
  const order = sort?.isDescending === true ? "descending" : "ascending";
  // Who asks for the order of a figure wants the greatest first.
  const next: Sort = { name, isDescending: isSorted ? !sort.isDescending : isFigure };
  return (
    <th scope="col" class={className} aria-sort={isSorted ? order : undefined}>
      <button type="button" class="sorter" title={tip} onClick={() => onSort(next)}>
        {title}
        <span class="order" aria-hidden="true">
          {isSorted ? (order === "descending" ? "▾" : "▴") : ""}
        </span>
      </button>
    </th>
  );
}

/** `-lag` as it stands in URLs. */
export function parseSort(text: string | undefined, otherwise: Sort): Sort {
  if (text === undefined || text === "" || text === "-") return otherwise;
  const isDescending = text.startsWith("-");
  return { name: isDescending ? text.slice(1) : text, isDescending };
}

export function formatSort({ name, isDescending }: Sort): string {
  return isDescending ? `-${name}` : name;
}

export interface PagerProps {
  /** For those who hear the page, where it has several. */
  readonly label?: string;
  readonly text: string;
  readonly onPrevious: (() => void) | undefined;
  readonly onNext: (() => void) | undefined;
}

/** Which part of a long list is shown, and the ways to its other parts. */
export function Pager({ label = "Pages of the list", text, onPrevious, onNext }: PagerProps): Child {
  return (
    <nav class="pager" aria-label={label}>
      <span role="status">{text}</span>
      <button type="button" disabled={onPrevious === undefined} onClick={() => onPrevious?.()}>
        Previous
      </button>
      <button type="button" disabled={onNext === undefined} onClick={() => onNext?.()}>
        Next
      </button>
    </nav>
  );
}
