/** What may be the name of a topic or of a scanner, which become names of files and parts of URLs; and of a cluster on NATS. */

const SAFE_NAME = /^[A-Za-z0-9_][A-Za-z0-9._-]*$/;

/** For errors about a wrong name. */
export const NAME_RULE = "A-Z a-z 0-9 . _ -, not beginning with . or -";

/** True for 1 to `maxLength` characters of the safe ones, none of which can hide a file or climb a folder. */
export function isSafeName(name: string, maxLength: number): boolean {
  return name.length <= maxLength && SAFE_NAME.test(name);
}

/** The streams of scanners end in S before the key; a prefix that did would share their names. */
const ENGINE_PREFIX = /^[a-z](?:[a-z0-9_]{0,30}[a-rt-z0-9_])?$/;

/** For errors about a wrong prefix. */
export const ENGINE_PREFIX_RULE = "1 to 32 of a-z 0-9 _, beginning with a letter, not ending with s";

/** True for what may begin the names of streams and subjects on NATS. */
export function isEnginePrefix(text: string): boolean {
  return ENGINE_PREFIX.test(text) && text !== "s";
}
