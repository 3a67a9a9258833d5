/** What an option is, how its one name is spelled as flag and in the environment, and who may have given it. */
import { closest } from "./closest.ts";
import { FLAG_WORDS } from "./other-words.ts";

export interface Option<Value> {
  /** NetLog's own spelling, with underscores: `segment_age`. So it stands in a configuration file. */
  readonly name: string;
  /** A letter that stands for it after one dash, where there is a habit: `n`. */
  readonly letter?: string;
  /** Its variable, where that is not `NETLOG_` and the name; `false`: it is read from flags alone. */
  readonly variable?: string | false;
  /**
   * `value`, `number`: the last one given counts. `list`: may be repeated, commas separate. `repeated`: may be repeated,
   * and a comma is part of the value. `switch`: needs no value.
   */
  readonly kind: "value" | "number" | "list" | "repeated" | "switch";
  /** Stands for the value in help: `<duration>`. */
  readonly placeholder: string;
  readonly description: string;
  /** Completes "takes ...": which values are allowed. */
  readonly allowed: string;
  /** As one would type it. */
  readonly fallback: string;
  /** `undefined` when the text is no allowed value. A list comes joined by commas, a repeated one as joinRepeated does. */
  parse(text: string): Value | undefined;
  /** The text as it may be shown, where it may hold a secret. */
  hide?(text: string): string;
}

export type OptionTable<Values> = { readonly [Name in keyof Values]: Option<Values[Name]> };

/** Who gave an option its value; the first of these wins. */
export type Origin = "flag" | "environment" | "file" | "default";

/** A text that was given for an option, and what its giver calls it: `-segment_age`, `NETLOG_SEGMENT_AGE`. */
export interface Given {
  readonly origin: Origin;
  readonly source: string;
  readonly text: string;
}

/** By the option's name. */
export type GivenOptions = ReadonlyMap<string, Given>;

/** What no argument can hold. */
const REPEATED = "\0";

/** The text of an option that was given once more. Each value stands behind a mark, so that an empty one is one too. */
export function joinRepeated(before: string, text: string): string {
  return `${before}${REPEATED}${text}`;
}

export function splitRepeated(text: string): readonly string[] {
  return text.split(REPEATED).slice(1);
}

/** The spelling that help and messages use: `--segment-age`. */
export function flagOf(name: string): string {
  return `--${name.replaceAll("_", "-")}`;
}

/** The variable of the environment that sets it, if there is one. */
export function variableOf({ name, variable }: Option<unknown>): string | undefined {
  return variable === false ? undefined : (variable ?? environmentNameOf(name));
}

/** `NETLOG_SEGMENT_AGE`. */
export function environmentNameOf(name: string): string {
  return `${ENVIRONMENT_PREFIX}${name.toUpperCase()}`;
}

export const ENVIRONMENT_PREFIX = "NETLOG_";

/** The name that a flag or key as typed stands for, whatever its dashes: `-segment_age`, `--segment-age`. */
export function nameOfFlag(typed: string): string {
  return typed.replace(/^--?/, "").replaceAll("-", "_");
}

/** The option that a flag as typed stands for, its letter included. */
export function lookupOption(
  options: readonly Option<unknown>[],
  typed: string,
): Option<unknown> | undefined {
  const name = nameOfFlag(typed);
  return options.find((option) => option.name === name || option.letter === name);
}

/** What an unknown `name` may have meant and which there are, each spelled by `spell`. */
export function hintFor(
  name: string,
  options: readonly Option<unknown>[],
  spell: (name: string) => string,
): string {
  const meant = FLAG_WORDS[name]?.flatMap((word) => options.find((option) => option.name === word) ?? [])[0];
  if (meant !== undefined) return `did you mean ${spell(meant.name)}? it takes ${meant.allowed}`;
  const names = options.map((option) => option.name);
  const near = closest(name, names);
  const hint = near === undefined ? "" : `did you mean ${spell(near)}? `;
  return `${hint}there are ${names.map(spell).join(", ") || "none"}`;
}
