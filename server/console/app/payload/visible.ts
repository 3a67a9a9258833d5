/**
 * Text of unknown origin as it may stand on a page: what would be invisible, move the cursor or turn the direction of
 * reading becomes a mark that can be seen. The page sets all of it as text, never as HTML.
 */

/** Plain text, or the mark that stands for one character that cannot be shown. */
export type Piece = string | { readonly mark: string };

/** Controls, line separators, half surrogate pairs, and characters without width or that turn the direction. */
const UNSEEN =
  /[\p{Cc}\p{Surrogate}\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/u;
const EACH_UNSEEN = new RegExp(`(${UNSEEN.source})`, "u");

/** As most languages escape them. */
const ESCAPES: ReadonlyMap<string, string> = new Map([
  ["\0", "\\0"],
  ["\t", "\\t"],
  ["\n", "\\n"],
  ["\r", "\\r"],
]);
const LAST_OF_A_BYTE = 0xff;

/** `keep` names characters that stay as they are, such as a tab. */
export function piecesOf(text: string, keep = ""): Piece[] {
  if (!UNSEEN.test(text)) return text === "" ? [] : [text];
  const pieces: Piece[] = [];
  for (const [place, part] of text.split(EACH_UNSEEN).entries()) {
    if (part === "") continue;
    const isUnseen = place % 2 === 1 && !keep.includes(part);
    const last = pieces.at(-1);
    if (isUnseen) pieces.push({ mark: markOf(part) });
    else if (typeof last === "string") pieces[pieces.length - 1] = last + part;
    else pieces.push(part);
  }
  return pieces;
}

/** The same as one text. */
export function visibleText(text: string, keep = ""): string {
  return piecesOf(text, keep)
    .map((piece) => (typeof piece === "string" ? piece : piece.mark))
    .join("");
}

/** How wide the mark of a character is, in columns; 0 for one that is seen as it is. */
export function markColumns(character: string): number {
  return UNSEEN.test(character) ? markOf(character).length : 0;
}

function markOf(character: string): string {
  const escaped = ESCAPES.get(character);
  if (escaped !== undefined) return escaped;
  const code = character.codePointAt(0) ?? 0;
  const digits = code.toString(16);
  return code <= LAST_OF_A_BYTE ? `\\x${digits.padStart(2, "0")}` : `\\u${digits.padStart(4, "0")}`;
}
