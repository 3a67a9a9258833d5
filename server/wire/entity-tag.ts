/** Entity tags, by which a client says what it has already. */

/** Matches tags without the `W/` that makes one weak. */
const TAGS = /"[^"]*"/g;

/** Whether `If-None-Match` names the tag: alone, in a list, as a weak one, or by `*`, which is any. */
export function isHeld(tag: string, ifNoneMatch: string | undefined): boolean {
  if (ifNoneMatch === undefined) return false;
  return ifNoneMatch.trim() === "*" || ifNoneMatch.match(TAGS)?.includes(tag) === true;
}
