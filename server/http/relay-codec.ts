/**
 * A request, and its answer, as bytes that one server sends to another beside HTTP: length of the head (u32, big-endian), head
 * (JSON), body. The head of a request is `[method, target, host, client, header, value, …]`, that of an answer
 * `[status, header, value, …]`. Who changes this raises RELAY_VERSION (lib/jetstream/servers/relay-messages.ts).
 */
export interface RelayedHead {
  readonly method: string;
  /** The target, as the client sent it. */
  readonly url: string;
  /** What the server that answers is called by the one that sends. */
  readonly host: string;
  /** The address of the client. */
  readonly client: string;
  /** Name in lower case, value, name, value, …; no name stands there twice. */
  readonly headerPairs: readonly string[];
}

export interface RelayedRequestParts extends RelayedHead {
  readonly body: Buffer;
}

export interface RelayedAnswerParts {
  readonly status: number;
  /** Name, value, name, value, … */
  readonly headers: string[];
  readonly body: Buffer;
}

const LENGTH_BYTES = 4;
const REQUEST_FIELDS = 4;
const MOST_BYTES_OF_CHARACTER = 3;
const LEAST_STATUS = 200;
const MOST_STATUS = 599;

export function encodeRelayed({ method, url, host, client, headerPairs }: RelayedHead, body: Buffer): Buffer {
  return encode(JSON.stringify([method, url, host, client, ...headerPairs]), body);
}

/** `undefined`: the bytes are no request. The body is a view of them. */
export function decodeRelayed(bytes: Buffer): RelayedRequestParts | undefined {
  const head = headOf(bytes);
  if (head === undefined || head.length < REQUEST_FIELDS || head.length % 2 !== 0) return undefined;
  if (!head.every((field) => typeof field === "string")) return undefined;
  const [method, url, host, client, ...headerPairs] = head as [string, string, string, string, ...string[]];
  return { method, url, host, client, headerPairs, body: bodyOf(bytes) };
}

export function encodeRelayedAnswer(
  status: number,
  headers: readonly string[],
  body: string | Buffer,
): Buffer {
  return encode(JSON.stringify([status, ...headers]), typeof body === "string" ? Buffer.from(body) : body);
}

/** `undefined`: the bytes are no answer. The body is a view of them. */
export function decodeRelayedAnswer(bytes: Buffer): RelayedAnswerParts | undefined {
  const head = headOf(bytes);
  if (head === undefined || head.length % 2 !== 1) return undefined;
  const [status, ...headers] = head;
  if (!Number.isInteger(status) || (status as number) < LEAST_STATUS || (status as number) > MOST_STATUS) {
    return undefined;
  }
  if (!headers.every((field) => typeof field === "string")) return undefined;
  return { status: status as number, headers: headers as string[], body: bodyOf(bytes) };
}

function encode(head: string, body: Buffer): Buffer {
  const bytes = Buffer.allocUnsafe(LENGTH_BYTES + head.length * MOST_BYTES_OF_CHARACTER + body.length);
  const headBytes = bytes.write(head, LENGTH_BYTES);
  bytes.writeUInt32BE(headBytes, 0);
  bytes.set(body, LENGTH_BYTES + headBytes);
  return bytes.subarray(0, LENGTH_BYTES + headBytes + body.length);
}

function headOf(bytes: Buffer): readonly unknown[] | undefined {
  if (bytes.length < LENGTH_BYTES) return undefined;
  const end = LENGTH_BYTES + bytes.readUInt32BE(0);
  if (end > bytes.length) return undefined;
  try {
    const head: unknown = JSON.parse(bytes.toString("utf8", LENGTH_BYTES, end));
    return Array.isArray(head) ? head : undefined;
  } catch {
    return undefined;
  }
}

/** Behind a head that is there. */
function bodyOf(bytes: Buffer): Buffer {
  return bytes.subarray(LENGTH_BYTES + bytes.readUInt32BE(0));
}
