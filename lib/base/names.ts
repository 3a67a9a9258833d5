/** What may be the name of a topic or of a scanner: both become names of files, and parts of URLs. */

const SAFE_NAME = /^[A-Za-z0-9_][A-Za-z0-9._-]*$/;

/** For errors about a wrong name. */
export const NAME_RULE = "A-Z a-z 0-9 . _ -, not beginning with . or -";

/** True for 1 to `maxLength` characters of the safe ones, none of which can hide a file or climb a folder. */
export function isSafeName(name: string, maxLength: number): boolean {
  return name.length <= maxLength && SAFE_NAME.test(name);
}
