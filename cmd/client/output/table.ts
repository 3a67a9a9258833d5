/** Text in columns, for people: a title each, numbers to the right. */
import type { Style } from "./style.ts";

export interface Column {
  readonly title: string;
  readonly isNumber?: boolean;
}

const GAP = "  ";

/** Every row has a cell for each column. Ends with a line end. */
export function tableText(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  style: Style,
): string {
  const widths = columns.map(({ title }, column) =>
    Math.max(title.length, ...rows.map((cells) => cells[column]!.length)),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) =>
        columns[column]!.isNumber === true ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!),
      )
      .join(GAP)
      .trimEnd();
  const titles = line(columns.map(({ title }) => title));
  return [style("bold", titles), ...rows.map(line)].map((text) => `${text}\n`).join("");
}
