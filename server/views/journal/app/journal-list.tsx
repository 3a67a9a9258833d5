/** Journals one below the other. One that is opened shows its attributes and metadata as trees, and whom it names. */
import { type Child, useMemo, useState } from "hono/jsx/dom";
import { CopyButton } from "../../../console/app/parts/copy-button.tsx";
import { JsonView } from "../../../console/app/parts/json-view.tsx";
import { Pieces } from "../../../console/app/parts/pieces.tsx";
import { actorOf, type Entity, entitiesOf, entityChange } from "./entity.ts";
import type { Journal } from "./journals.ts";
import { linkTo } from "./route.ts";

/** So much of the attributes is in the row itself. */
const OUTLINE_LENGTH = 300;

export interface JournalListProps {
  readonly journals: readonly Journal[];
  /** Whose they are. */
  readonly entity: Entity;
  /** Names the list to those who hear the page. */
  readonly label: string;
  readonly onOperation: (operation: string) => void;
}

export function JournalList({ journals, entity, label, onOperation }: JournalListProps): Child {
  return (
    <ol class="journals" aria-label={label}>
      {journals.map((journal, place) => (
        <Row
          key={`${place} ${journal.occurredAt} ${journal.operation}`}
          journal={journal}
          entity={entity}
          onOperation={onOperation}
        />
      ))}
    </ol>
  );
}

interface RowProps extends Pick<JournalListProps, "entity" | "onOperation"> {
  readonly journal: Journal;
}

function Row({ journal, entity, onOperation }: RowProps): Child {
  const { operation, occurredAt, domain, attributes, metadata } = journal;
  const [isOpen, setOpen] = useState(false);
  const fields = useMemo(() => fieldsIn(attributes), [attributes]);
  const actor = actorOf(fields);
  const isFoldable = attributes !== "" || metadata !== "";
  return (
    <li data-row>
      <div class="journal-row">
        {isFoldable ? (
          <button
            type="button"
            class="fold"
            aria-expanded={String(isOpen)}
            aria-label={`${isOpen ? "Fold" : "Open"} ${operation} of ${occurredAt}`}
            onClick={() => setOpen(!isOpen)}
          >
            {isOpen ? "▾" : "▸"}
          </button>
        ) : (
          <span />
        )}
        <time datetime={occurredAt}>{occurredAt.replace("T", " ").replace(/Z$/, "")}</time>
        <button
          type="button"
          class="cell"
          title={`${operation}: show these alone`}
          onClick={() => onOperation(operation)}
        >
          <Pieces text={operation} />
        </button>
        <span class="domain">{domain === "" ? null : <Named name="in" text={domain} />}</span>
        <span class="actor">{actor === "" ? null : <Named name="by" text={actor} />}</span>
        <span class="outline dim">
          <Pieces text={attributes.slice(0, OUTLINE_LENGTH)} />
        </span>
      </div>
      {isOpen ? (
        <div class="journal-detail">
          <Others journal={journal} fields={fields} entity={entity} />
          <Tree name="attributes" text={attributes} />
          <Tree name="metadata" text={metadata} />
        </div>
      ) : null}
    </li>
  );
}

function Named({ name, text }: { readonly name: string; readonly text: string }): Child {
  return (
    <>
      <span class="dim">{name}</span> <Pieces text={text} />
    </>
  );
}

interface OthersProps extends Pick<RowProps, "journal" | "entity"> {
  readonly fields: Readonly<Record<string, unknown>>;
}

/** The ways to the journals of those that the event names. */
function Others({ journal: { operation, domain }, fields, entity }: OthersProps): Child {
  const others = entitiesOf(operation, fields, domain === "" ? entity.domain : domain, entity);
  if (others.length === 0) return null;
  return (
    <p class="others">
      <span class="dim">Journals of </span>
      {others.map((other) => (
        <a key={`${other.kind} ${other.id}`} href={linkTo("journal", entityChange(other))}>
          {other.kind} <Pieces text={other.id} />
        </a>
      ))}
    </p>
  );
}

function Tree({ name, text }: { readonly name: string; readonly text: string }): Child {
  if (text === "") return null;
  return (
    <JsonView text={text} label={`The ${name}`}>
      <h3>{name}</h3>
      <CopyButton text={() => text}>Copy</CopyButton>
    </JsonView>
  );
}

/** The names at the top. Their values may have lost digits: they are read for texts alone. */
function fieldsIn(attributes: string): Readonly<Record<string, unknown>> {
  return attributes === "" ? {} : (JSON.parse(attributes) as Readonly<Record<string, unknown>>);
}
