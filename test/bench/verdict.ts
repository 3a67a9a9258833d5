/** Holds what was measured against a workload's targets, round by round: a round's rows ran close together. */
import { type Spread, spread } from "./statistics.ts";
import { FIGURES, type Figure, type Row, type Target, type Term, type Workload } from "./workload.ts";

export interface Verdict {
  readonly row: string;
  /** In words. */
  readonly target: string;
  /** What was reached as a share of the bound: of an upper one at most 1 is good, of a lower one at least 1. */
  readonly share: Spread;
  readonly value: Spread;
  readonly isMet: boolean;
}

/** A target whose rows were not measured, because something is not installed, has no verdict. */
export function verdicts({ targets }: Pick<Workload, "targets">, rows: readonly Row[]): Verdict[] {
  return targets.flatMap((target) => {
    const pairs = pairsOf(target, rows);
    const share = spread(pairs.map(({ value, bound }) => value / bound));
    const value = spread(pairs.map((pair) => pair.value));
    if (share === undefined || value === undefined) return [];
    const isMet = target.bound === "at most" ? share.median <= 1 : share.median >= 1;
    return [{ row: target.row, target: describeTarget(target), share, value, isMet }];
  });
}

function pairsOf({ row, figure, of }: Target, rows: readonly Row[]): { value: number; bound: number }[] {
  const samples = rows.find(({ name }) => name === row)?.samples ?? [];
  return samples.flatMap((sample, round) => {
    const parts = of.map((term) => (typeof term === "number" ? term : measured(term, rows, round)));
    const bound = parts.reduce<number>((sum, part) => sum + (part ?? Number.NaN), 0);
    const value = sample[figure];
    return value === undefined || Number.isNaN(bound) ? [] : [{ value, bound }];
  });
}

/** A row that was measured once counts for all rounds. */
function measured({ factor, row, figure }: Term, rows: readonly Row[], round: number): number | undefined {
  const samples = rows.find(({ name }) => name === row)?.samples;
  const value = (samples?.length === 1 ? samples[0] : samples?.[round])?.[figure];
  return value === undefined ? undefined : factor * value;
}

function describeTarget({ figure, bound, of }: Target): string {
  const terms = of.map((term) =>
    typeof term === "number"
      ? formatFigure(figure, term)
      : `${term.factor} × ${term.row}${term.figure === figure ? "" : ` (${FIGURES[term.figure].title})`}`,
  );
  return `${FIGURES[figure].title} ${bound} ${terms.join(" + ")}`;
}

export function formatFigure(figure: Figure, value: number): string {
  const { digits } = FIGURES[figure];
  return value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}
