/** The table: a line a row, ratios against the baselines beside it, and under each workload how it stands. */
import { spread } from "./statistics.ts";
import { formatFigure, type Verdict } from "./verdict.ts";
import { BARE, FIGURES, type Figure, GO, type Row } from "./workload.ts";

export interface Result {
  readonly name: string;
  readonly title: string;
  readonly rows: readonly Row[];
  readonly verdicts: readonly Verdict[];
}

const IN_COLUMNS: readonly Figure[] = ["perSecond", "cpuMicros", "p50Ms", "p99Ms", "memoryMiB"];
const BEHIND = (Object.keys(FIGURES) as Figure[]).filter((figure) => !IN_COLUMNS.includes(figure));
const ABSENT = "-";

export function table(results: readonly Result[]): string {
  const baselines = [BARE, GO].filter((name) => results.some(({ rows }) => find(rows, name) !== undefined));
  const ratioHeads = baselines.map((name) => `× ${name.split(" ")[0]}`);
  const three = (title: string): string[] => ["min", title, "max"];
  const head = ["", ...three("messages/s"), ...ratioHeads, ...three("CPU µs"), ...ratioHeads];
  const lines = results.map(({ rows }) => rows.map((row) => cellsOf(row, rows, baselines)));
  const all = [[...head, "p50 ms", "p99 ms", "MiB"], ...lines.flat()];
  const [printedHead = "", ...printed] = columns(all);
  const sections = results.map(({ title, rows, verdicts }) => {
    const own = printed.splice(0, rows.length).map((line, place) => line + behind(rows[place]!));
    return [title, ...own, ...verdicts.map(verdictLine)].join("\n");
  });
  return [printedHead, ...sections].join("\n\n");
}

function cellsOf(row: Row, rows: readonly Row[], baselines: readonly string[]): string[] {
  const of = (figure: "perSecond" | "cpuMicros"): string[] => [
    ...threeOf(row, figure),
    ...baselines.map((name) => ratio(row, find(rows, name), figure)),
  ];
  const middles = (["p50Ms", "p99Ms", "memoryMiB"] as const).map((figure) => threeOf(row, figure)[1]!);
  return [`  ${row.name}`, ...of("perSecond"), ...of("cpuMicros"), ...middles];
}

function find(rows: readonly Row[], name: string): Row | undefined {
  return rows.find((row) => row.name === name);
}

/** Minimum, median, maximum. */
function threeOf({ samples }: Row, figure: Figure): string[] {
  const all = spread(valuesOf(samples, figure));
  if (all === undefined) return [ABSENT, ABSENT, ABSENT];
  return [all.min, all.median, all.max].map((value) => formatFigure(figure, value));
}

function valuesOf(samples: Row["samples"], figure: Figure): number[] {
  return samples.flatMap((sample) => sample[figure] ?? []);
}

/** The median of the rounds' ratios: a round's rows ran close together, on a machine whose speed varies. */
function ratio(row: Row, baseline: Row | undefined, figure: Figure): string {
  const ratios = row.samples.flatMap((sample, round) => {
    const value = sample[figure];
    const base = baseline?.samples[round]?.[figure];
    return value === undefined || base === undefined ? [] : value / base;
  });
  return spread(ratios)?.median.toFixed(2) ?? ABSENT;
}

function behind(row: Row): string {
  const told = BEHIND.filter((figure) => valuesOf(row.samples, figure).length > 0).map((figure) => {
    const [min, median, max] = threeOf(row, figure);
    return `${median} ${FIGURES[figure].title} (${min} to ${max})`;
  });
  return told.length === 0 ? "" : `  ${told.join(", ")}`;
}

function verdictLine({ row, target, share, isMet }: Verdict): string {
  const { min, median, max } = share;
  const shares = `${median.toFixed(2)} of it (${min.toFixed(2)} to ${max.toFixed(2)})`;
  return `  ${isMet ? "met   " : "MISSED"}  ${row}: ${target}; ${shares}`;
}

/** The first column to the left, the others to the right. */
function columns(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const pad = (cell: string, column: number): string =>
    column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!);
  return rows.map((row) => row.map(pad).join("  "));
}
