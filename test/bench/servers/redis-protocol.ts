/** What of Redis' own protocol is needed to add to a stream and to read it. */

/** All that is added has one field. */
const FIELD = "p";
export const STREAM = "stream";

function bulk(text: string | number): string {
  return `$${String(text).length}\r\n${text}\r\n`;
}

function command(...words: (string | number)[]): string {
  return `*${words.length}\r\n${words.map(bulk).join("")}`;
}

/** Adds a message a payload; with `firstId` under ids of its own, ascending. */
export function addCommands(payloads: readonly string[], firstId?: number): string {
  return payloads
    .map((payload, place) => {
      const id = firstId === undefined ? "*" : `${firstId + place}-0`;
      return command("XADD", STREAM, id, FIELD, payload);
    })
    .join("");
}

/** The `count` messages behind `after`. */
export function rangeCommand(after: number, count: number): string {
  return command("XRANGE", STREAM, `(${after}-0`, "+", "COUNT", count);
}

export function deleteCommand(): string {
  return command("DEL", STREAM);
}

/** A message as a range gives it. */
export function entryText(id: number, payload: string): string {
  return `*2\r\n${bulk(`${id}-0`)}*2\r\n${bulk(FIELD)}${bulk(payload)}`;
}
