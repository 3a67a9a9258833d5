/** Figures of rounds, gathered and printed as a table; and the line that shows what runs. */

export interface Sample {
  readonly perSecond: number;
  /** Of the server, for one message. */
  readonly cpuMicros: number;
}

export interface Row {
  readonly name: string;
  readonly samples: readonly Sample[];
}

/**
 * One line a row. Ratios compare round by round with the first row, since a round's workloads run close together
 * on a machine whose speed varies.
 */
export function table(rows: readonly Row[]): string {
  const baseline = rows[0]?.samples ?? [];
  const head = [
    "workload",
    "messages/s",
    "min",
    "max",
    "ratio",
    "min",
    "max",
    "CPU µs",
    "min",
    "max",
    "ratio",
  ];
  const lines = rows.map(({ name, samples }) => {
    const ratios = samples.map(({ perSecond }, round) => perSecond / baseline[round]!.perSecond);
    const cpuRatios = samples.map(({ cpuMicros }, round) => cpuMicros / baseline[round]!.cpuMicros);
    return [
      name,
      ...spread(samples.map(({ perSecond }) => perSecond)).map((value) => value.toFixed(0)),
      ...spread(ratios).map((value) => value.toFixed(2)),
      ...spread(samples.map(({ cpuMicros }) => cpuMicros)).map((value) => value.toFixed(1)),
      median(cpuRatios).toFixed(2),
    ];
  });
  return columns([head, ...lines]);
}

/** Median, minimum, maximum. */
function spread(values: readonly number[]): [number, number, number] {
  return [median(values), Math.min(...values), Math.max(...values)];
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return (sorted[Math.ceil(middle - 1)]! + sorted[Math.floor(middle)]!) / 2;
}

/** The first column to the left, the others to the right. */
function columns(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const pad = (cell: string, column: number): string =>
    column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!);
  return rows.map((row) => row.map(pad).join("  ")).join("\n");
}

/** On a terminal one line that changes, else a line each. */
export function progress(done: number, total: number, what: string): void {
  const share = `${Math.round((100 * done) / total)} %`.padStart(5);
  process.stderr.write(process.stderr.isTTY ? `\r\u001b[K${share}  ${what}` : `${share}  ${what}\n`);
}

export function progressEnd(): void {
  if (process.stderr.isTTY) process.stderr.write("\r\u001b[K");
}
