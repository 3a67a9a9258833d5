/** The choice of a date range: how recent, or from when to when, of which column, and the way back to earlier ones. */
import { type Child, useEffect, useReducer, useState } from "hono/jsx/dom";
import { BetweenTimes } from "../../../console/app/parts/between-times.tsx";
import { ChoiceField } from "../../../console/app/parts/field.tsx";
import { type DateRange, type RangeHistory, RECENT } from "./date-range.ts";

/** Stands in the list of choices for two times. */
const BETWEEN = "between";
const CHOICES = [
  ...RECENT.map(({ name, title }) => ({ value: name, title: name === "all" ? title : `Last ${title}` })),
  { value: BETWEEN, title: "From … to …" },
];

export interface RangeFieldsProps {
  readonly range: DateRange;
  readonly times: readonly string[];
  readonly history: RangeHistory;
  readonly onRange: (range: DateRange) => void;
}

export function RangeFields({ range, times, history, onRange }: RangeFieldsProps): Child {
  const [isBetween, setBetween] = useState(range.recent === undefined);
  const shown = JSON.stringify(range);
  const [, redraw] = useReducer((turns: number) => turns + 1, 0);
  useEffect(() => {
    history.note(range);
    setBetween(range.recent === undefined);
    redraw(0);
  }, [shown]);
  const step = (by: 1 | -1): void => {
    const to = history.step(by);
    if (to !== undefined) onRange(to);
  };
  return (
    <section class="toolbar range" aria-label="Date range">
      {times.length === 1 ? null : (
        <ChoiceField
          label="Time"
          value={range.by}
          choices={times.map((time) => ({ value: time, title: time }))}
          onValue={(by) => onRange({ ...range, by })}
        />
      )}
      <ChoiceField
        label={times.length === 1 ? range.by : "within"}
        value={isBetween ? BETWEEN : (range.recent ?? BETWEEN)}
        choices={CHOICES}
        onValue={(recent) => {
          if (recent === BETWEEN) setBetween(true);
          else onRange({ by: range.by, recent });
        }}
      />
      {isBetween ? (
        <BetweenTimes
          key={shown}
          from={range.from}
          to={range.to}
          onTimes={(from, to) => onRange({ by: range.by, recent: undefined, from, to })}
        />
      ) : null}
      <Step text="‹" label="Range before" onPress={history.peek(-1) && (() => step(-1))} />
      <Step text="›" label="Range behind" onPress={history.peek(1) && (() => step(1))} />
    </section>
  );
}

interface StepProps {
  readonly text: string;
  readonly label: string;
  readonly onPress: (() => void) | undefined;
}

function Step({ text, label, onPress }: StepProps): Child {
  return (
    <button
      type="button"
      aria-label={label}
      title={label}
      disabled={onPress === undefined}
      onClick={() => onPress?.()}
    >
      {text}
    </button>
  );
}
