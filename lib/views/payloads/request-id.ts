/** Names of payloads. A UUID with dashes and the same without name the same payload, which is kept without. */

const DASHED = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/i;
const PLAIN = /^[\da-f]{32}$/i;
const URN = /^urn:uuid:/i;
const BRACED = /^\{(.*)\}$/;

/** As the tables have it. */
export function keptRequestId(given: string): string {
  return DASHED.test(given) ? given.replaceAll("-", "") : given;
}

/** The 32 digits of a UUID in any of its spellings: plain, with dashes, `urn:uuid:…`, in braces; `undefined`: it is none. */
export function uuidDigits(given: string): string | undefined {
  const dashed = given.replace(URN, "").replace(BRACED, "$1");
  if (DASHED.test(dashed)) return dashed.replaceAll("-", "");
  return PLAIN.test(given) ? given : undefined;
}
