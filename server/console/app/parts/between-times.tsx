/** Two fields for a part of time, in UTC. Either end may stay open. */
import { type Child, useState } from "hono/jsx/dom";
import { Field } from "./field.tsx";
import { Form } from "./form.tsx";

export interface BetweenTimesProps {
  /** RFC 3339; `undefined`, and what is no time: the field is empty. */
  readonly from: string | undefined;
  readonly to: string | undefined;
  readonly onTimes: (from: string | undefined, to: string | undefined) => void;
}

export function BetweenTimes(props: BetweenTimesProps): Child {
  const [from, setFrom] = useState(typed(props.from));
  const [to, setTo] = useState(typed(props.to));
  return (
    <Form class="toolbar" label="From and to" onSubmit={() => props.onTimes(sent(from), sent(to))}>
      <TimeField label="from (UTC)" value={from} onValue={setFrom} />
      <TimeField label="to (UTC)" value={to} onValue={setTo} />
      <button type="submit" disabled={from === "" && to === ""}>
        Show
      </button>
    </Form>
  );
}

interface TimeFieldProps {
  readonly label: string;
  readonly value: string;
  readonly onValue: (value: string) => void;
}

function TimeField({ label, value, onValue }: TimeFieldProps): Child {
  return (
    <Field
      label={label}
      input={(attributes) => (
        <input
          {...attributes}
          type="datetime-local"
          step="1"
          value={value}
          onInput={(event: Event) => onValue((event.target as HTMLInputElement).value)}
        />
      )}
    />
  );
}

/** As the field has it: in UTC, without saying so. A time that it cannot hold is not shown there. */
function typed(time: string | undefined): string {
  const ms = Date.parse(time ?? "");
  return Number.isNaN(ms) ? "" : new Date(ms).toISOString().slice(0, 19);
}

function sent(value: string): string | undefined {
  const ms = Date.parse(`${value}Z`);
  return Number.isNaN(ms) ? undefined : new Date(ms).toISOString();
}
