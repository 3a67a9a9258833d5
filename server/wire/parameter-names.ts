/**
 * Which parameters a route takes, and what a name that is none of them is taken for. Ignoring a mistyped one would do
 * something else than was asked for; clients of NetLog may send names of their own to the routes that it has, too.
 */
import { editDistance, NetlogError, SETTING_NAMES } from "../../lib/index.ts";
import { quoteSafely } from "./quote.ts";

/** What a route takes. */
export interface ParameterNames {
  readonly names: readonly string[];
  /**
   * True: it is one of NetLog's, and a name that looks like none of ours is ignored. "always": other names are ignored
   * whatever they look like, and given twice, too.
   */
  readonly ignoresOthers: boolean | "always";
  /** What the other routes take, for a hint. */
  readonly elsewhere: readonly string[];
}

/** A name that is more edits away is another one. */
const NEAR_EDITS = 2;

/** What to answer to a parameter that the route does not take; `undefined` where it is to be ignored. */
export function refuseUnknown(
  name: string,
  { names, ignoresOthers, elsewhere }: ParameterNames,
): NetlogError | undefined {
  const hint = hintFor(name, names, elsewhere);
  if (hint === undefined && ignoresOthers !== false) return undefined;
  const list = names.length === 0 ? "none" : names.join(", ");
  const reason = `unknown parameter ${quoteSafely(name)}${hint ?? ""}; there are: ${list}`;
  return new NetlogError("bad_request", { reason });
}

function hintFor(name: string, own: readonly string[], elsewhere: readonly string[]): string | undefined {
  const meant = nearest(name, own);
  if (meant !== undefined) return `; did you mean ${meant}?`;
  const setting = nearest(name, SETTING_NAMES);
  if (setting !== undefined) {
    return `; ${setting} is a setting of a topic, which goes in the body of POST or PATCH /:topic, as JSON`;
  }
  const other = nearest(name, elsewhere);
  return other === undefined ? undefined : `; ${other} is a parameter of other routes`;
}

/** The one of `names` that `typed` is near to, in any case; a name that shares no character with it is never near. */
export function nearest(typed: string, names: readonly string[]): string | undefined {
  const lower = typed.toLowerCase();
  let best: string | undefined;
  let fewestEdits = Math.min(NEAR_EDITS, lower.length - 1) + 1;
  for (const name of names) {
    if (Math.abs(name.length - lower.length) >= fewestEdits) continue;
    const edits = editDistance(lower, name);
    if (edits >= fewestEdits) continue;
    best = name;
    fewestEdits = edits;
  }
  return best;
}
