/** Which columns of a list are shown. */
import type { Child } from "hono/jsx/dom";

export interface ColumnChoiceProps {
  readonly columns: readonly string[];
  readonly shown: readonly string[];
  readonly onShown: (shown: readonly string[]) => void;
}

/** The first column says what a row is: it stays. */
export function ColumnChoice({ columns, shown, onShown }: ColumnChoiceProps): Child {
  return (
    <details class="column-choice">
      <summary>Show Columns</summary>
      <ul>
        {columns.slice(1).map((name) => (
          <li key={name}>
            <label>
              <input
                type="checkbox"
                checked={shown.includes(name)}
                onChange={({ target }: Event) =>
                  onShown(
                    (target as HTMLInputElement).checked
                      ? [...shown, name]
                      : shown.filter((each) => each !== name),
                  )
                }
              />{" "}
              {name}
            </label>
          </li>
        ))}
      </ul>
    </details>
  );
}
