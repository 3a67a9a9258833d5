/** The parameters of a query string, read one by one in the order in which a route looks at them. */
import { NetlogError } from "../lib/index.ts";

const TRUE_WORDS: ReadonlySet<string> = new Set(["1", "true", "yes"]);
const QUOTED_LENGTH = 40;

export class Parameters {
  /** Values as sent. */
  readonly #values = new Map<string, string>();
  /** Names given twice. */
  readonly #repeated: string[] = [];
  #hasMalformedName = false;

  /** `query` is what stands behind the "?", as sent. */
  constructor(query: string) {
    let start = 0;
    while (start < query.length) {
      const next = query.indexOf("&", start);
      const end = next < 0 ? query.length : next;
      if (end > start) this.#add(query.slice(start, end));
      start = end + 1;
    }
  }

  /**
   * The value, `+` read as a space; `undefined` when the parameter is absent.
   *
   * @throws bad_request when it was given twice, or its percent-encoding is malformed.
   */
  get(name: string): string | undefined {
    if (this.#repeated.includes(name)) throw repeated(name);
    const value = this.#values.get(name);
    if (value === undefined) return undefined;
    const decoded = decode(value);
    if (decoded === undefined) throw malformed(name);
    return decoded;
  }

  /** True for 1, true and yes in any case, false for anything else. */
  flag(name: string): boolean {
    return TRUE_WORDS.has((this.get(name) ?? "").toLowerCase());
  }

  /**
   * Refuses what is wrong with parameters that were not read; with `known` also those of other names.
   *
   * @throws bad_request.
   */
  finish(known?: readonly string[]): void {
    if (this.#hasMalformedName) throw malformed("a parameter's name");
    const [again] = this.#repeated;
    if (again !== undefined) throw repeated(again);
    for (const [name, value] of this.#values) {
      if (known?.includes(name) === false) throw unknown(name, known);
      if (decode(value) === undefined) throw malformed(name);
    }
  }

  #add(pair: string): void {
    const end = pair.indexOf("=");
    const name = decode(end < 0 ? pair : pair.slice(0, end));
    if (name === undefined) {
      this.#hasMalformedName = true;
      return;
    }
    if (this.#values.has(name)) this.#repeated.push(name);
    this.#values.set(name, end < 0 ? "" : pair.slice(end + 1));
  }
}

/** `undefined` when the percent-encoding is malformed, or is not UTF-8. */
function decode(text: string): string | undefined {
  const spaced = text.includes("+") ? text.replaceAll("+", " ") : text;
  if (!spaced.includes("%")) return spaced;
  try {
    return decodeURIComponent(spaced);
  } catch {
    return undefined;
  }
}

function repeated(name: string): NetlogError {
  return new NetlogError("bad_request", { reason: `the parameter ${quote(name)} was given twice` });
}

function malformed(name: string): NetlogError {
  return new NetlogError("bad_request", { reason: `malformed percent-encoding in ${quote(name)}` });
}

function unknown(name: string, known: readonly string[]): NetlogError {
  const list = known.length === 0 ? "none" : known.join(", ");
  return new NetlogError("bad_request", { reason: `unknown parameter ${quote(name)}; there are: ${list}` });
}

function quote(name: string): string {
  return JSON.stringify(name.length > QUOTED_LENGTH ? `${name.slice(0, QUOTED_LENGTH)}…` : name);
}
