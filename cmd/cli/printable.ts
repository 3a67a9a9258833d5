/** Text from files and folders, made safe for a terminal: nothing in it can move the cursor or change colours. */

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROL_CHARACTERS = /[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

/** Control characters, and those that turn the direction of text, as `\x1b` or `\u202e`. */
export function printable(text: string): string {
  return text.replace(CONTROL_CHARACTERS, (character) => {
    const code = character.charCodeAt(0);
    return code < 256 ? `\\x${hexDigits(code, 2)}` : `\\u${hexDigits(code, 4)}`;
  });
}

function hexDigits(code: number, digits: number): string {
  return code.toString(16).padStart(digits, "0");
}
