/** Whose journal or telemetry to show: typed, and asked for together. */
import { type Child, useId, useState } from "hono/jsx/dom";
import { ChoiceField, Field, TextField } from "../../../console/app/parts/field.tsx";
import { Form } from "../../../console/app/parts/form.tsx";
import { type Entity, KINDS, type Kind, troubleOf } from "./entity.ts";

export interface EntityFormProps {
  readonly entity: Entity;
  /** Those to choose from; one alone is no choice. */
  readonly kinds?: readonly Kind[];
  /** Offered where a domain is typed. */
  readonly domains: readonly string[];
  readonly onEntity: (entity: Entity) => void;
}

export function EntityForm({ entity, kinds = KINDS, domains, onEntity }: EntityFormProps): Child {
  const [typed, setTyped] = useState(entity);
  const change = (part: Partial<Entity>): void => setTyped({ ...typed, ...part });
  const trouble = troubleOf(typed);
  return (
    <Form class="toolbar entity" label="Whose" onSubmit={() => trouble === undefined && onEntity(typed)}>
      {kinds.length === 1 ? null : (
        <ChoiceField
          label="Type"
          value={typed.kind}
          choices={kinds.map((kind) => ({ value: kind, title: kind }))}
          onValue={(kind) => change({ kind: kind as Kind })}
        />
      )}
      <DomainField
        label={typed.kind === "user" ? "Domain (empty: all)" : "Domain"}
        value={typed.domain}
        domains={domains}
        onValue={(domain) => change({ domain })}
      />
      <TextField
        label="Id"
        type="search"
        value={typed.id}
        onValue={(id) => change({ id })}
        isFirst={entity.id === ""}
      />
      <button type="submit" class="primary" disabled={trouble !== undefined} title={trouble}>
        Show
      </button>
    </Form>
  );
}

interface DomainFieldProps {
  readonly label: string;
  readonly value: string;
  readonly domains: readonly string[];
  readonly onValue: (value: string) => void;
}

function DomainField({ label, value, domains, onValue }: DomainFieldProps): Child {
  const listId = useId().replaceAll(":", "");
  return (
    <Field
      label={label}
      input={(attributes) => (
        <>
          <input
            {...attributes}
            type="text"
            list={listId}
            value={value}
            autocomplete="off"
            autocapitalize="off"
            spellcheck={false}
            onInput={(event: Event) => onValue((event.target as HTMLInputElement).value)}
          />
          <datalist id={listId}>
            {domains.map((domain) => (
              <option key={domain} value={domain} />
            ))}
          </datalist>
        </>
      )}
    />
  );
}
