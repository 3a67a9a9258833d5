/** Bytes as hexdump -C shows them: place, sixteen bytes, and their characters. */

const BYTES_A_LINE = 16;
const GROUP = 8;
const HEX_WIDTH = BYTES_A_LINE * 3;

export function hexDump(bytes: Uint8Array): string {
  let text = "";
  for (let place = 0; place < bytes.length; place += BYTES_A_LINE) {
    text += lineOf(place, bytes.subarray(place, place + BYTES_A_LINE));
  }
  return text;
}

function lineOf(place: number, bytes: Uint8Array): string {
  const digits = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0"));
  const left = digits.slice(0, GROUP).join(" ");
  const hex = digits.length > GROUP ? `${left}  ${digits.slice(GROUP).join(" ")}` : left;
  const characters = Array.from(bytes, (byte) =>
    byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : ".",
  );
  return `${place.toString(16).padStart(8, "0")}  ${hex.padEnd(HEX_WIDTH)}  |${characters.join("")}|\n`;
}
