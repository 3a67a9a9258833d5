/** What an option is, and how its one name is spelled as flag and in the environment. */

export interface Option<Value> {
  /** NetLog's own spelling, with underscores: `segment_age`. */
  readonly name: string;
  /** `value`: the last one given counts. `list`: may be repeated, commas separate. `switch`: needs no value. */
  readonly kind: "value" | "list" | "switch";
  /** Stands for the value in help: `<duration>`. */
  readonly placeholder: string;
  readonly description: string;
  /** Completes "takes ...": which values are allowed. */
  readonly allowed: string;
  /** As one would type it. */
  readonly fallback: string;
  /** `undefined` when the text is no allowed value. A list comes joined by commas. */
  parse(text: string): Value | undefined;
}

export type OptionTable<Values> = { readonly [Name in keyof Values]: Option<Values[Name]> };

/** The spelling that help and messages use: `--segment-age`. */
export function flagOf(name: string): string {
  return `--${name.replaceAll("_", "-")}`;
}

/** `NETLOG_SEGMENT_AGE`. */
export function environmentNameOf(name: string): string {
  return `NETLOG_${name.toUpperCase()}`;
}

/** The name that a flag as typed stands for, whatever its dashes: `-segment_age`, `--segment-age`. */
export function nameOfFlag(typed: string): string {
  return typed.replace(/^--?/, "").replaceAll("-", "_");
}
