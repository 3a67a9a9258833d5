/**
 * A page of journals as the API answers it. Attributes and metadata stay the text that they came as: a number of 19 digits
 * is shown with all of them, which JSON.parse would round.
 */
import { childrenFrom, type JsonPart, wholeOf } from "../../../console/app/payload/json-parts.ts";

export interface Journal {
  readonly operation: string;
  /** RFC 3339 in UTC. */
  readonly occurredAt: string;
  /** Empty: the event names none. */
  readonly domain: string;
  /** JSON of an object; empty: not asked for, or the event has none. */
  readonly attributes: string;
  readonly metadata: string;
}

export interface JournalPage {
  /** On all pages together. */
  readonly total: number;
  readonly journals: readonly Journal[];
}

/** @throws SyntaxError for what is no JSON. */
export function parseJournals(text: string): JournalPage {
  const { total, journals } = JSON.parse(text) as {
    readonly total: number;
    readonly journals: readonly {
      readonly operation: string;
      readonly occurred_at: string;
      readonly domain?: string;
    }[];
  };
  const list = partsOf(text, wholeOf(text)).find((part) => nameOf(text, part) === "journals");
  const texts = list === undefined ? [] : partsOf(text, list);
  return {
    total,
    journals: journals.map(({ operation, occurred_at, domain = "" }, place) => {
      const members = partsOf(text, texts[place] as JsonPart);
      const member = (name: string): string => {
        const part = members.find((each) => nameOf(text, each) === name);
        return part === undefined ? "" : text.slice(part.start, part.end);
      };
      return {
        operation,
        occurredAt: occurred_at,
        domain,
        attributes: member("attributes"),
        metadata: member("metadata"),
      };
    }),
  };
}

function partsOf(text: string, { start }: JsonPart): readonly JsonPart[] {
  return childrenFrom(text, start + 1, Number.POSITIVE_INFINITY).parts;
}

function nameOf(text: string, { name }: JsonPart): string {
  return name === undefined ? "" : (JSON.parse(text.slice(...name)) as string);
}
