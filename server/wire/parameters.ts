/** The parameters of a query string, read one by one in the order in which a route looks at them. */
import { durationMs, NetlogError, parseDurationAtMost } from "../../lib/index.ts";
import { type ParameterNames, refuseUnknown } from "./parameter-names.ts";
import { quoteSafely } from "./quote.ts";

const TRUE_WORDS: ReadonlySet<string> = new Set(["1", "true", "yes"]);
const FALSE_WORDS: ReadonlySet<string> = new Set(["0", "false", "no"]);
/** No route has a dozen; looking for those given twice takes the square of it. */
const MAX_PARAMETERS = 100;
/** A whole number without a sign. */
export const DIGITS: RegExp = /^[0-9]+$/;

/** The last duration that was read, which is the next one most of the time: reading costs a tenth of a scan. */
const lastDuration = { text: "0s", ms: 0 };

export class Parameters {
  /** Name, value, …; names decoded, and values as sent: whose fault comes first depends on the route. */
  readonly #pairs: string[] = [];
  #hasMalformedName = false;
  /** The one that was read by `all`. */
  #repeatable: string | undefined;
  readonly #known: ParameterNames;

  /** `query` is what stands behind the "?", as sent; `known` is what the route takes. */
  constructor(query: string, known: ParameterNames) {
    this.#known = known;
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
    let value: string | undefined;
    for (let i = 0; i < this.#pairs.length; i += 2) {
      if (this.#pairs[i] !== name) continue;
      if (value !== undefined) throw repeated(name);
      value = this.#pairs[i + 1];
    }
    if (value === undefined) return undefined;
    const decoded = decode(value);
    if (decoded === undefined) throw malformed(name);
    return decoded;
  }

  /**
   * All values of a parameter that may be given several times, in their order.
   *
   * @throws bad_request for a malformed percent-encoding.
   */
  all(name: string): string[] {
    this.#repeatable = name;
    const values: string[] = [];
    for (let i = 0; i < this.#pairs.length; i += 2) {
      if (this.#pairs[i] !== name) continue;
      const decoded = decode(this.#pairs[i + 1] ?? "");
      if (decoded === undefined) throw malformed(name);
      values.push(decoded);
    }
    return values;
  }

  /** Whether it was given, with a value or without. */
  has(name: string): boolean {
    for (let i = 0; i < this.#pairs.length; i += 2) if (this.#pairs[i] === name) return true;
    return false;
  }

  /** True for 1, true and yes in any case, false for anything else. */
  flag(name: string): boolean {
    return TRUE_WORDS.has((this.get(name) ?? "").toLowerCase());
  }

  /**
   * False for 0, false and no in any case, true for 1, true and yes, and `otherwise` when it is absent or empty.
   *
   * @throws bad_request for another word.
   */
  isOn(name: string, otherwise: boolean): boolean {
    const word = (this.get(name) ?? "").toLowerCase();
    if (word === "") return otherwise;
    if (TRUE_WORDS.has(word)) return true;
    if (FALSE_WORDS.has(word)) return false;
    throw new NetlogError("bad_request", { reason: `${name} takes 1, true, yes, 0, false or no` });
  }

  /**
   * A whole number from 1 on, `fallback` when it is absent; more than `max` is taken for `max`.
   *
   * @throws bad_request.
   */
  count(name: string, fallback: number, max: number): number {
    const text = this.get(name);
    if (text === undefined) return fallback;
    const value = DIGITS.test(text) ? Number(text) : 0;
    if (value >= 1) return Math.min(value, max);
    throw new NetlogError("bad_request", { reason: `${name} takes a whole number from 1 on` });
  }

  /** A duration in ms, up to 1000 years; 0 when it is absent or empty. @throws invalid_duration, bad_request. */
  duration(name: string): number {
    const text = this.get(name) ?? "";
    if (text === "") return 0;
    if (text !== lastDuration.text) {
      lastDuration.ms = durationMs(parseDurationAtMost(text));
      lastDuration.text = text;
    }
    return lastDuration.ms;
  }

  /**
   * Refuses what is wrong with parameters that were not read, and those that the route does not take; `isStrict`:
   * none of these is ignored.
   *
   * @throws bad_request.
   */
  finish(isStrict: boolean = this.#known.ignoresOthers === false): void {
    if (this.#hasMalformedName) throw malformed("a parameter's name");
    if (this.#pairs.length > 2 * MAX_PARAMETERS) throw tooMany();
    const { names, ignoresOthers } = this.#known;
    for (let i = 0; i < this.#pairs.length; i += 2) {
      const name = this.#pairs[i] ?? "";
      if (ignoresOthers === "always" && !names.includes(name)) continue;
      if (name !== this.#repeatable) this.#refuseRepetition(name, i);
      this.#checkName(name, isStrict);
      if (decode(this.#pairs[i + 1] ?? "") === undefined) throw malformed(name);
    }
  }

  #refuseRepetition(name: string, place: number): void {
    for (let before = 0; before < place; before += 2) if (this.#pairs[before] === name) throw repeated(name);
  }

  #checkName(name: string, isStrict: boolean): void {
    const { names, elsewhere } = this.#known;
    if (names.includes(name)) return;
    const refusal = refuseUnknown(name, { names, ignoresOthers: !isStrict, elsewhere });
    if (refusal !== undefined) throw refusal;
  }

  #add(pair: string): void {
    const end = pair.indexOf("=");
    const name = decode(end < 0 ? pair : pair.slice(0, end));
    if (name === undefined) this.#hasMalformedName = true;
    else this.#pairs.push(name, end < 0 ? "" : pair.slice(end + 1));
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
  return new NetlogError("bad_request", { reason: `the parameter ${quoteSafely(name)} was given twice` });
}

function malformed(name: string): NetlogError {
  return new NetlogError("bad_request", { reason: `malformed percent-encoding in ${quoteSafely(name)}` });
}

function tooMany(): NetlogError {
  return new NetlogError("bad_request", { reason: `there are more than ${MAX_PARAMETERS} parameters` });
}
