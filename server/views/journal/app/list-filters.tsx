/** Which journals are shown: when they occurred, of which operation, with what, and in which order. */
import { type Child, useEffect, useState } from "hono/jsx/dom";
import { BetweenTimes } from "../../../console/app/parts/between-times.tsx";
import { ChoiceField, TextField } from "../../../console/app/parts/field.tsx";
import { Form } from "../../../console/app/parts/form.tsx";
import type { Query } from "../../../console/app/shell/route.ts";
import type { ListQuery } from "./list-query.ts";
import { RECENT, rangeChange, secondsOfTime, type TimeRange, timeOfSeconds } from "./time-range.ts";

/** Stands in the list of choices for two times. */
const BETWEEN = "between";
const CHOICES = [
  ...RECENT.map(({ name, title }) => ({ value: name, title: name === "all" ? title : `Last ${title}` })),
  { value: BETWEEN, title: "From … to …" },
];
const ORDERS = [
  { value: "desc", title: "newest first" },
  { value: "asc", title: "oldest first" },
];

export interface ListFiltersProps {
  readonly list: ListQuery;
  readonly onQuery: (change: Query) => void;
}

export function ListFilters({ list, onQuery }: ListFiltersProps): Child {
  const { operation, range, withAttributes, withMetadata, isDescending } = list;
  return (
    <section class="toolbar filters" aria-label="Filters">
      <RangeChoice range={range} onRange={(next) => onQuery(rangeChange(next))} />
      <OperationFilter
        key={operation}
        operation={operation}
        onOperation={(next) => onQuery({ operation: next === "" ? undefined : next, page: undefined })}
      />
      <ChoiceField
        label="Order"
        value={isDescending ? "desc" : "asc"}
        choices={ORDERS}
        onValue={(dir) => onQuery({ dir: dir === "asc" ? dir : undefined, page: undefined })}
      />
      <fieldset class="choice">
        <legend>With</legend>
        <Check
          name="attributes"
          isOn={withAttributes}
          onChange={(isOn) => onQuery({ with_attributes: isOn ? undefined : "false" })}
        />
        <Check
          name="metadata"
          isOn={withMetadata}
          onChange={(isOn) => onQuery({ with_metadata: isOn ? "true" : undefined })}
        />
      </fieldset>
    </section>
  );
}

interface RangeChoiceProps {
  readonly range: TimeRange;
  readonly onRange: (range: TimeRange) => void;
}

function RangeChoice({ range, onRange }: RangeChoiceProps): Child {
  const [isBetween, setBetween] = useState(range.recent === undefined);
  const shown = JSON.stringify(range);
  useEffect(() => setBetween(range.recent === undefined), [shown]);
  return (
    <>
      <ChoiceField
        label="Occurred"
        value={isBetween ? BETWEEN : (range.recent ?? BETWEEN)}
        choices={CHOICES}
        onValue={(recent) => {
          if (recent === BETWEEN) setBetween(true);
          else onRange({ recent });
        }}
      />
      {isBetween ? (
        <BetweenTimes
          key={shown}
          from={timeOfSeconds(range.from)}
          to={timeOfSeconds(range.to)}
          onTimes={(from, to) =>
            onRange({ recent: undefined, from: secondsOfTime(from), to: secondsOfTime(to) })
          }
        />
      ) : null}
    </>
  );
}

interface OperationFilterProps {
  readonly operation: string;
  readonly onOperation: (operation: string) => void;
}

function OperationFilter({ operation, onOperation }: OperationFilterProps): Child {
  const [typed, setTyped] = useState(operation);
  return (
    <Form class="toolbar" label="Operation" onSubmit={() => onOperation(typed.trim())}>
      <TextField label="Operation is" type="search" value={typed} onValue={setTyped} placeholder="any" />
      <button type="submit" disabled={typed.trim() === operation}>
        Filter
      </button>
    </Form>
  );
}

interface CheckProps {
  readonly name: string;
  readonly isOn: boolean;
  readonly onChange: (isOn: boolean) => void;
}

function Check({ name, isOn, onChange }: CheckProps): Child {
  return (
    <label>
      <input
        type="checkbox"
        checked={isOn}
        onChange={(event: Event) => onChange((event.target as HTMLInputElement).checked)}
      />{" "}
      {name}
    </label>
  );
}
