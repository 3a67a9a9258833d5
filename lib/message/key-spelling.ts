/**
 * How a message's key stands in a header or a query: visible ASCII as it is, everything else and `%` percent-encoded
 * as UTF-8. The engine knows keys as plain text.
 */

const ENCODED = /[^!-$&-~]+/gu;
const SPELLED = /^[!-~]*$/;

/** `key` has no half of a surrogate pair. */
export function spellKey(key: string): string {
  return key.replace(ENCODED, encodeURIComponent);
}

/** `undefined` where the text is no spelling of a key: not visible ASCII, a broken `%`, or no UTF-8. */
export function parseKey(spelled: string): string | undefined {
  if (!SPELLED.test(spelled)) return undefined;
  try {
    return decodeURIComponent(spelled);
  } catch {
    return undefined;
  }
}
