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

/** The base offset that a data file's name tells, or `undefined` for any other name. */
export function parseDataFileName(name: string): number | undefined {
  return parseName(/^\d{20}\.data$/, name);
}

export function isDataFileName(name: string): boolean {
  return parseDataFileName(name) !== undefined;
}

/** Likewise, of an index file. */
export function parseIndexFileName(name: string): number | undefined {
  return parseName(/^\d{20}\.index$/, name);
}

/** True for every name that a file of a log may have, leftovers of interrupted changes excepted. */
export function isLogFileName(name: string): boolean {
  const isDataOrIndex = isDataFileName(name) || parseIndexFileName(name) !== undefined;
  return isDataOrIndex || isTornFileName(name);
}

function parseName(pattern: RegExp, name: string): number | undefined {
  if (!pattern.test(name)) return undefined;
  const baseOffset = Number(name.slice(0, DIGITS));
  return Number.isSafeInteger(baseOffset) ? baseOffset : undefined;
}

function digits(baseOffset: number): string {
  return String(baseOffset).padStart(DIGITS, "0");
}
