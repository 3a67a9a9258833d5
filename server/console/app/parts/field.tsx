/** A field of a form with its label, a hint and what is wrong with it, tied together for those who hear the page. */
import { type Child, useEffect, useId, useRef } from "hono/jsx/dom";

export interface FieldProps {
  readonly label: string;
  readonly hint?: Child;
  /** What is wrong with the value. */
  readonly error?: string | undefined;
  /** Gives the input; `attributes` ties it to the label, the hint and the error. */
  readonly input: (attributes: FieldAttributes) => Child;
}

export interface FieldAttributes {
  readonly id: string;
  readonly "aria-describedby"?: string | undefined;
  readonly "aria-invalid"?: "true" | undefined;
}

export function Field({ label, hint, error, input }: FieldProps): Child {
  const id = useId().replaceAll(":", "");
  const describedBy = [hint === undefined ? "" : `${id}-hint`, error === undefined ? "" : `${id}-error`];
  const attributes: FieldAttributes = {
    id,
    "aria-describedby": describedBy.filter((each) => each !== "").join(" ") || undefined,
    "aria-invalid": error === undefined ? undefined : "true",
  };
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {input(attributes)}
      {hint === undefined ? null : (
        <p id={`${id}-hint`} class="hint">
          {hint}
        </p>
      )}
      {error === undefined ? null : (
        <p id={`${id}-error`} class="wrong">
          {error}
        </p>
      )}
    </div>
  );
}

export interface TextFieldProps {
  readonly label: string;
  readonly value: string;
  readonly onValue: (value: string) => void;
  readonly hint?: Child;
  readonly error?: string | undefined;
  readonly placeholder?: string | undefined;
  readonly type?: "text" | "password" | "search";
  /** The field takes the focus when it appears. */
  readonly isFirst?: boolean;
}

export function TextField(props: TextFieldProps): Child {
  const { label, value, onValue, hint, error, placeholder, type = "text", isFirst = false } = props;
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    // A browser heeds `autofocus` once for a page, and once for each time that a dialog is shown.
    if (isFirst) field.current?.focus();
  }, []);
  return (
    <Field
      label={label}
      hint={hint}
      error={error}
      input={(attributes) => (
        <input
          {...attributes}
          type={type}
          value={value}
          placeholder={placeholder}
          autofocus={isFirst}
          ref={field}
          autocomplete="off"
          autocapitalize="off"
          spellcheck={false}
          onInput={(event: Event) => onValue((event.target as HTMLInputElement).value)}
        />
      )}
    />
  );
}

export interface AreaFieldProps {
  readonly label: string;
  readonly value: string;
  readonly rows: number;
  readonly onValue: (value: string) => void;
  readonly hint?: Child;
}

/** Text of several lines. */
export function AreaField({ label, value, rows, onValue, hint }: AreaFieldProps): Child {
  return (
    <Field
      label={label}
      hint={hint}
      input={(attributes) => (
        <textarea
          {...attributes}
          rows={rows}
          spellcheck={false}
          value={value}
          onInput={(event: Event) => onValue((event.target as HTMLTextAreaElement).value)}
        />
      )}
    />
  );
}

export interface ChoiceFieldProps {
  readonly label: string;
  readonly value: string;
  readonly choices: readonly { readonly value: string; readonly title: string }[];
  readonly onValue: (value: string) => void;
  readonly hint?: Child;
}

export function ChoiceField({ label, value, choices, onValue, hint }: ChoiceFieldProps): Child {
  return (
    <Field
      label={label}
      hint={hint}
      input={(attributes) => (
        <select
          {...attributes}
          value={value}
          onChange={(event: Event) => onValue((event.target as HTMLSelectElement).value)}
        >
          {choices.map((choice) => (
            <option key={choice.value} value={choice.value} selected={choice.value === value}>
              {choice.title}
            </option>
          ))}
        </select>
      )}
    />
  );
}
