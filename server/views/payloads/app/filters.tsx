/** Filters of a list: staged one by one, then applied together. */
import { type Child, useState } from "hono/jsx/dom";
import { ChoiceField, TextField } from "../../../console/app/parts/field.tsx";

export type FilterValues = Readonly<Record<string, string>>;

export interface FiltersProps {
  readonly names: readonly string[];
  readonly applied: FilterValues;
  readonly staged: FilterValues;
  readonly onStage: (staged: FilterValues) => void;
  readonly onApply: (applied: FilterValues) => void;
}

export function Filters({ names, applied, staged, onStage, onApply }: FiltersProps): Child {
  const [name, setName] = useState(names[0] ?? "");
  const [value, setValue] = useState("");
  const stagedCount = Object.keys(staged).length;
  const stage = (): void => {
    if (value === "") return;
    onStage({ ...staged, [name]: value });
    setValue("");
  };
  return (
    <section class="filters" aria-label="Filters">
      <form
        class="toolbar"
        onSubmit={(event: Event) => {
          event.preventDefault();
          stage();
        }}
      >
        <ChoiceField
          label="Filter"
          value={name}
          choices={names.map((each) => ({ value: each, title: each }))}
          onValue={setName}
        />
        <TextField label="is" type="search" value={value} onValue={setValue} />
        <button type="submit" disabled={value === ""}>
          Add
        </button>
      </form>
      <ul class="chips" aria-label="Filters in use">
        {Object.entries(applied).map(([each, text]) => (
          <Chip key={each} name={each} text={text} onRemove={() => onApply(without(applied, each))} />
        ))}
        {Object.entries(staged).map(([each, text]) => (
          <Chip
            key={`${each} staged`}
            name={each}
            text={text}
            isStaged
            onRemove={() => onStage(without(staged, each))}
          />
        ))}
      </ul>
      {stagedCount === 0 ? null : (
        <div class="actions">
          <button type="button" class="primary" onClick={() => onApply({ ...applied, ...staged })}>
            Apply {stagedCount === 1 ? "the filter" : `${stagedCount} filters`}
          </button>
          <button type="button" onClick={() => onStage({})}>
            Discard
          </button>
        </div>
      )}
    </section>
  );
}

interface ChipProps {
  readonly name: string;
  readonly text: string;
  readonly isStaged?: boolean;
  readonly onRemove: () => void;
}

function Chip({ name, text, isStaged = false, onRemove }: ChipProps): Child {
  return (
    <li class={isStaged ? "chip staged" : "chip"}>
      <span>
        {name}: {text}
        {isStaged ? <span class="dim"> (staged)</span> : null}
      </span>
      <button type="button" class="quiet" aria-label={`Remove ${name}: ${text}`} onClick={onRemove}>
        ✕
      </button>
    </li>
  );
}

function without(values: FilterValues, name: string): FilterValues {
  return Object.fromEntries(Object.entries(values).filter(([each]) => each !== name));
}
