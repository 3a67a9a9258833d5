/** How the files of a log are named: the segment's base offset in 20 digits. */
const DIGITS = 20;
const DATA_SUFFIX = ".data";

export function dataFileName(baseOffset: number): string {
  return `${digits(baseOffset)}${DATA_SUFFIX}`;
}

export function indexFileName(baseOffset: number): string {
  return `${digits(baseOffset)}.index`;
}

/** The bytes of a torn tail, cut at `position` of the segment's data. */
export function tornFileName(baseOffset: number, position: number): string {
  return `${digits(baseOffset)}.torn-${position}`;
}

export function isTornFileName(name: string): boolean {
  return /^\d{20}\.torn-\d+$/.test(name);
}

/** A copy of what is being rewritten from `position` of the segment's data on. */
export function rewriteFileName(baseOffset: number, position: number): string {
  return `${digits(baseOffset)}.rewrite-${position}`;
}

/** Reads the name of such a copy, or of one whose making was interrupted: that one is not whole. */
export function parseRewriteFileName(
  name: string,
): { readonly baseOffset: number; readonly position: number; readonly isWhole: boolean } | undefined {
  const match = /^(\d{20})\.rewrite-(\d+)(\.tmp)?$/.exec(name);
  if (match === null) return undefined;
  return { baseOffset: Number(match[1]), position: Number(match[2]), isWhole: match[3] === undefined };
}

/**
 * Where in a segment's data the bytes of a torn tail, or of a copy of its end, whole or not, belong; `undefined` for
 * other names.
 */
export function parsePieceName(
  name: string,
): { readonly baseOffset: number; readonly position: number } | undefined {
  const match = /^(\d{20})\.(?:torn|rewrite)-(\d+)(?:\.tmp)?$/.exec(name);
  return match === null ? undefined : { baseOffset: Number(match[1]), position: Number(match[2]) };
}

/** The base offset that a data file's name tells, or `undefined` for any other name. */
export function parseDataFileName(name: string): number | undefined {
  return parseName(/^\d{20}\.data$/, name);
}

export function isDataFileName(name: string): boolean {
  return parseDataFileName(name) !== undefined;
}

/** The base offset that an index file's name tells, or `undefined` for any other name. */
export function parseIndexFileName(name: string): number | undefined {
  return parseName(/^\d{20}\.index$/, name);
}

/** True for every name that a file of a log may have, leftovers of interrupted changes excepted. */
export function isLogFileName(name: string): boolean {
  const isDataOrIndex = isDataFileName(name) || parseIndexFileName(name) !== undefined;
  return isDataOrIndex || isTornFileName(name) || parseRewriteFileName(name)?.isWhole === true;
}

function parseName(pattern: RegExp, name: string): number | undefined {
  if (!pattern.test(name)) return undefined;
  const baseOffset = Number(name.slice(0, DIGITS));
  return Number.isSafeInteger(baseOffset) ? baseOffset : undefined;
}

function digits(baseOffset: number): string {
  return String(baseOffset).padStart(DIGITS, "0");
}
