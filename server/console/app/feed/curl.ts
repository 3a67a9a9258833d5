/**
 * Lines for a shell that do what the page does. Quotes are POSIX: what stands in them is taken as it is, whatever it
 * holds. A token is never part of a line; its place is `$NETLOG_TOKEN`.
 */
import type { Message } from "../../../../lib/client/index.ts";

export interface CurlServer {
  /** As the page was reached, without a slash at its end. */
  readonly url: string;
  readonly hasToken: boolean;
}

/** A word that no shell reads as anything else stays as it is. */
export function quoted(word: string): string {
  return /^[A-Za-z0-9_./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

export function curlToRead(server: CurlServer, topic: string, offset: number): string {
  return [...curl(server), quoted(urlOf(server, topic, String(offset)))].join(" ");
}

/** Settings that are left out are the server's defaults. */
export function curlToCreate(
  server: CurlServer,
  topic: string,
  settings: Readonly<Record<string, unknown>>,
): string {
  const words = [...curl(server), "-X POST", quoted(`${server.url}/${encodeURIComponent(topic)}`)];
  if (Object.keys(settings).length > 0) words.push("--data-raw", quoted(JSON.stringify(settings)));
  return words.join(" ");
}

/** `path` is a route with its parameters, encoded. */
export function curlToPost(server: CurlServer, path: string): string {
  return [...curl(server), "-X POST", quoted(server.url + path)].join(" ");
}

/** So much fits on a line of a terminal and of a script; more is read from a file. */
const LONGEST_PAYLOAD = 16 * 1024;
// biome-ignore lint/suspicious/noControlCharactersInRegex: a terminal takes these for keys that were pressed
const UNTYPEABLE = /[\u0000-\u0008\u000b-\u001f\u007f]/;

/** Publishes such a message once more. Bytes that are no text come from `printf`, and a long payload from a file. */
export function curlToPublish(server: CurlServer, topic: string, message: PublishedFields): string {
  const { payload, key, contentType, headers } = message;
  const words = [...curl(server), "-X POST"];
  if (key !== undefined) words.push("-H", quoted(`X-Key: ${encodeURIComponent(key)}`));
  words.push("-H", quoted(`Content-Type: ${contentType ?? "application/octet-stream"}`));
  for (const [name, value] of Object.entries(headers)) words.push("-H", quoted(`${name}: ${value}`));
  const text = textOf(payload);
  let before = "";
  if (payload.length > LONGEST_PAYLOAD)
    words.push(`--data-binary @message-${message.offset ?? "payload"}.bin`);
  else if (text !== undefined && !UNTYPEABLE.test(text)) words.push("--data-raw", quoted(text));
  else {
    before = `printf ${quoted(octalOf(payload))} | `;
    words.push("--data-binary @-");
  }
  words.push(quoted(urlOf(server, topic)));
  return before + words.join(" ");
}

export type PublishedFields = Pick<Message, "payload" | "key" | "contentType" | "headers"> & {
  readonly offset?: number;
};

/** A first message, for places that show how to publish one. */
export const HELLO: PublishedFields = {
  payload: new TextEncoder().encode("hello"),
  key: undefined,
  contentType: "text/plain",
  headers: {},
};

function curl({ hasToken }: CurlServer): string[] {
  return hasToken ? ["curl -sS", '-H "Authorization: Bearer $NETLOG_TOKEN"'] : ["curl -sS"];
}

function urlOf({ url }: CurlServer, topic: string, offset?: string): string {
  const path = `${url}/${encodeURIComponent(topic)}/payload`;
  return offset === undefined ? path : `${path}/${offset}`;
}

function textOf(payload: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(payload);
  } catch {
    return undefined;
  }
}

/** For the format of printf: visible ASCII as it is, each other byte as three octal digits. */
function octalOf(payload: Uint8Array): string {
  return Array.from(payload, (byte) => {
    const character = String.fromCharCode(byte);
    if (character === "%") return "%%";
    if (byte >= 0x20 && byte < 0x7f && character !== "\\") return character;
    return `\\${byte.toString(8).padStart(3, "0")}`;
  }).join("");
}
