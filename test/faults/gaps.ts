/** How long a topic took no publishes because of a fault: one line for each kind of fault, over many runs. */

export interface Gap {
  readonly fault: string;
  /** The longest time without a publish that was answered, from the beginning of the fault until it was over. */
  readonly gapMs: number;
}

/** A table of Markdown, in seconds; faults with the longest gaps come first. */
export function gapTable(gaps: readonly Gap[]): string {
  const byFault = new Map<string, number[]>();
  for (const { fault, gapMs } of gaps) byFault.set(fault, [...(byFault.get(fault) ?? []), gapMs]);
  const rows = [...byFault].map(([fault, each]) => {
    const sorted = each.toSorted((a, b) => a - b);
    const median = sorted[Math.floor((sorted.length - 1) / 2)]!;
    return { fault, count: sorted.length, median, longest: sorted.at(-1)! };
  });
  rows.sort((a, b) => b.median - a.median);
  const seconds = (ms: number): string => (ms / 1000).toFixed(1);
  return [
    "| fault | times | median | longest |",
    "|---|---|---|---|",
    ...rows.map(
      ({ fault, count, median, longest }) =>
        `| ${fault} | ${count} | ${seconds(median)} | ${seconds(longest)} |`,
    ),
  ].join("\n");
}
