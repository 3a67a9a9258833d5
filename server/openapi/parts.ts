/** What the description of several routes shares: parameters, headers and schemas, by name. */
import { FORMATS } from "../formats/formats.ts";
import type { Json } from "./operation.ts";
import { duration, SCANNER_QUERY } from "./settings.ts";

export const text: Json = { type: "string" };
const flag: Json = {
  type: "string",
  description: "true for 1, true and yes, in any case",
  "x-kind": "flag",
};
const count: Json = { type: "integer", minimum: 1 };
const offset: Json = { type: "integer", minimum: 0 };
const spelling: Json = {
  type: "string",
  description: "an offset, beginning, last, end, a duration (1m: since one minute ago) or an RFC 3339 time",
};

const rights: Json = { type: "array", items: { type: "string", enum: ["read", "write", "admin"] } };

/** Each is something to sort topics by, too. */
const topicFigures = {
  name: text,
  messages: { type: "integer", minimum: 0, description: "those that can be read" },
  disk_size: { type: "integer", minimum: 0 },
  messages_in: { type: "integer", minimum: 0, description: "since the server opened the topic" },
  bytes_in: { type: "integer", minimum: 0 },
  messages_out: { type: "integer", minimum: 0 },
  bytes_out: { type: "integer", minimum: 0 },
  newest: { type: ["string", "null"], format: "date-time", description: "time of the newest message" },
  scanners: { type: "integer", minimum: 0 },
  lag: { type: ["integer", "null"], description: "of the scanner that is furthest behind" },
};

/** Name to description and schema. */
export const QUERY: Readonly<Record<string, readonly [description: string, schema: Json]>> = {
  forget_older: ["Also where rows are lost whose messages the log has no more.", flag],
  skip_refused: ["Messages that the database refuses become dead letters, however many there are.", flag],
  force: ["Also when the topic has scanners, or cannot be served.", flag],
  key: [
    "Key of the message; of what reads, one of the keys that messages have to have, as often as there are keys.",
    { type: "array", items: text, maxItems: 64 },
  ],
  expected_offset: ["Stored only if it becomes the message of this offset; as X-Expected-Offset.", offset],
  close: ["The last message of its topic, which is closed with it.", flag],
  durability: [
    "When to answer; the topic's own when absent.",
    { type: "string", enum: ["written", "synced"] },
  ],
  format: [
    "Format of the messages; wins over Content-Type and Accept.",
    { type: "string", enum: FORMATS.map(({ name }) => name) },
  ],
  from: ["Where to begin.", spelling],
  to: ["Where to go.", spelling],
  persist: ["Survives a restart.", flag],
  id: ["Which scanner.", text],
  ...SCANNER_QUERY,
  wait: ["How long to wait for a message.", duration],
  max: ["Messages of one answer.", count],
  max_bytes: ["Bytes of one answer; one message is given always.", count],
  follow: ["0, false or no: ends at the end.", text],
  offset: [
    "Which message; of a durable stream, where to read: -1, now, or an earlier Stream-Next-Offset.",
    { type: ["integer", "string"] },
  ],
  live: ["How to wait for what comes.", { type: "string", enum: ["long-poll", "sse"] }],
  cursor: ["Stream-Cursor of an earlier answer.", text],
  lease: ["Only messages that the answer with this X-Lease still holds.", text],
  delay: ["Given out again so much later.", duration],
  prefix: ["How the names begin.", text],
  sort: [
    "What to sort by; with - before it in reverse order.",
    {
      type: "string",
      enum: Object.keys(topicFigures).flatMap((name) => [name, `-${name}`]),
      default: "name",
    },
  ],
  after: ["Where to go on: next of a page of topics, or the offset of the last pending message.", text],
  limit: ["How many at most.", count],
  dead: ["To the dead letters at once.", flag],
};

/** Name to description and schema. */
export const HEADERS: Readonly<Record<string, readonly [description: string, schema: Json]>> = {
  "X-Offset": ["Offset of the message, or of the first message.", offset],
  "X-Next-Offset": ["Offset at which to read on.", offset],
  "X-Count": [
    "Number of messages that the answer holds, or that the server took.",
    { type: "integer", minimum: 0 },
  ],
  "X-More": [
    "`true`: a read by key has looked at as much as one request may; read on at X-Next-Offset.",
    text,
  ],
  "X-Crc32": ["IEEE CRC-32 of the payload, decimal.", { type: "integer" }],
  "X-Timestamp": ["When the message was published.", { type: "string", format: "date-time" }],
  "X-Durability": [
    "What the answer waited for: the disk, or the system's memory.",
    { type: "string", enum: ["written", "synced"] },
  ],
  "X-Duplicate": ["`true`: it was stored before; this is the answer of that time.", text],
  "X-Closed": ["`true`: the topic is closed, and this is its end.", text],
  "Producer-Epoch": ["Epoch of the producer that holds now.", offset],
  "Producer-Expected-Seq": ["Sequence number that the producer has to go on with.", offset],
  "Producer-Received-Seq": ["Sequence number that it sent.", offset],
  "Stream-Next-Offset": ["Where to read on in a durable stream.", text],
  "Stream-Up-To-Date": ["`true`: there is nothing behind this in the stream now.", text],
  "Stream-Closed": ["`true`: the stream is closed, and this is its end.", text],
  "Stream-Cursor": ["What a reader of live data sends as cursor= next time.", text],
  "Stream-SSE-Data-Encoding": ["`base64`: so the events of the stream hold its bytes.", text],
  "Stream-TTL": ["Seconds without an append or a read after which the stream is deleted.", count],
  "Stream-Expires-At": ["When the stream is deleted.", { type: "string", format: "date-time" }],
  "Producer-Seq": ["Highest number of the producer that the stream has.", offset],
  Location: ["URL of the stream that was made.", text],
  "X-Skipped": ["Messages that retention dropped before the scanner had them.", count],
  "X-Delivery": ["How often the server has given the message out; with ack=explicit.", count],
  "X-Lease": ["Token of this answer, for ack, nack and touch; with ack=explicit.", text],
  "X-First-Offset": [
    "First offset that is still kept, where retention dropped the one that was asked for.",
    offset,
  ],
  "X-Key": ["Key of the message, percent-encoded where it is not visible ASCII, `%` included.", text],
  Traceparent: ["Trace that the message belongs to, as it was sent.", text],
  Tracestate: ["Further data of the trace, as it was sent.", text],
  ETag: ["Name of the message: id of the topic, offset, CRC-32; where the offset is a number.", text],
  "X-Request-Id": ["Name of the request in the server's log; the client's own where it sent one.", text],
  "X-Netlog-Error": ["Code of the error.", text],
  "Accept-Encoding": ["How a body may be packed, where the server refused its Content-Encoding.", text],
  "Retry-After": ["Number of seconds after which to try again.", count],
  "WWW-Authenticate": ["How to send a token.", text],
};

/** Headers of requests: name to description and schema. */
export const REQUEST_HEADERS: Readonly<Record<string, readonly [description: string, schema: Json]>> = {
  "X-Request-Id": [
    "A name for the request; the answer repeats it, and the server's log has it.",
    { type: "string", pattern: "^[A-Za-z0-9._:-]{1,64}$" },
  ],
  "Content-Encoding": [
    "How the body is packed; limits hold for what it unpacks to.",
    { type: "string", enum: ["gzip", "deflate", "identity"] },
  ],
  "X-Key": ["Key of the message, percent-encoded where it is not visible ASCII, `%` included.", text],
  "Idempotency-Key": [
    "Name of this publish, of up to 255 visible ASCII characters: sent again under it, it is stored once.",
    text,
  ],
  "Producer-Id": ["Name of a producer that numbers what it publishes, of up to 255 characters.", text],
  "Producer-Epoch": ["Its epoch: a higher one shuts out the producer's earlier ones.", offset],
  "Producer-Seq": ["Number of this publish in its epoch, from 0 on without gaps.", offset],
  "X-Expected-Offset": ["Stored only if it becomes the message of this offset.", offset],
  "Stream-Seq": ["A text that grows from append to append, byte by byte; a smaller one is refused.", text],
  "Stream-Closed": ["`true`: the stream is closed with this request.", { type: "string", enum: ["true"] }],
  "Stream-TTL": ["The new stream is deleted after so many seconds without an append or a read.", count],
  "Stream-Expires-At": ["The new stream is deleted then.", { type: "string", format: "date-time" }],
  "Stream-Forked-From": ["Path of the stream that the new one begins with, its source.", text],
  "Stream-Fork-Offset": [
    "Where the fork leaves its source, as Stream-Next-Offset had it; its end by default.",
    text,
  ],
  "Stream-Fork-Sub-Offset": ["So many bytes behind that; of a stream of JSON so many values.", count],
  Traceparent: ["Trace that the message belongs to; kept with it.", text],
  Tracestate: ["Further data of the trace; kept with the message.", text],
  "If-None-Match": ["ETag of the message that the client has.", text],
  "Last-Event-ID": ["Offset of the last message that was read, or -1; wins over from.", text],
};

const scanner = { id: text, next: offset, from: offset, persistent: { type: "boolean" } };

/** All but Settings, which tell the defaults of the server. */
export const SCHEMAS: Readonly<Record<string, Json>> = {
  Done: {
    type: "object",
    required: ["ok", "message"],
    properties: { ok: { const: true }, message: text },
  },
  Error: {
    type: "object",
    required: ["ok", "status", "error"],
    properties: {
      ok: { const: false },
      status: { type: "integer" },
      error: { type: "string", pattern: "^netlog: " },
      reason: { type: "string", description: "what to mend" },
    },
  },
  Published: {
    type: "object",
    // A producer's older append is known to be stored, and no more.
    required: ["ok"],
    properties: { ok: { const: true }, offset, count: { type: "integer", minimum: 0 } },
  },
  Topic: {
    type: "object",
    required: [
      "name",
      "path",
      "disk_size",
      "first_offset",
      "latest_offset",
      "segments",
      "mod_time",
      "scanners",
      "id",
      "settings",
    ],
    properties: {
      name: text,
      path: text,
      disk_size: { type: "integer" },
      first_offset: offset,
      latest_offset: { type: "integer", minimum: -1 },
      segments: {
        type: "array",
        items: {
          type: "object",
          properties: {
            first_offset: offset,
            disk_size: { type: "integer" },
            data_size: { type: "integer" },
            mod_time: { type: "string", format: "date-time" },
          },
        },
      },
      mod_time: { type: "string", format: "date-time" },
      scanners: { type: "object", additionalProperties: ref("Scanner") },
      closed: { const: true, description: "where it is closed" },
      id: { type: "string", format: "uuid", description: "random; of another topic of this name another" },
      settings: ref("Settings"),
      forked_from: {
        type: "object",
        description:
          "of a fork: the topic that it was made of, and where it left it, `bytes` within the message",
        required: ["topic", "id", "offset"],
        properties: {
          topic: text,
          id: { type: "string", format: "uuid" },
          offset,
          bytes: { type: "integer", minimum: 1 },
        },
      },
      forks: { type: "integer", minimum: 1, description: "how many forks it has, where it has some" },
    },
  },
  TopicPage: {
    type: "object",
    required: ["count", "topics"],
    properties: {
      count: { type: "integer", minimum: 0, description: "topics of all pages" },
      may: { ...rights, description: "where tokens are used: what the token may do to some topics or all" },
      topics: {
        type: "array",
        maxItems: 500,
        items: {
          type: "object",
          required: Object.keys(topicFigures),
          properties: {
            ...topicFigures,
            closed: { const: true, description: "where it is closed" },
            failed: { type: "string", description: "why it is not served, or takes no messages" },
            may: { ...rights, description: "where tokens are used: what the token may do to it" },
          },
        },
      },
      next: { type: "string", description: "what after takes for the next page, where there is one" },
    },
  },
  Pending: {
    type: "object",
    required: ["offset", "deliveries", "state", "due"],
    properties: {
      offset,
      deliveries: { type: "integer", minimum: 0 },
      state: {
        type: "string",
        enum: ["leased", "delayed", "due", "dying"],
        description: "dying: on its way to the dead letters",
      },
      due: {
        type: ["string", "null"],
        format: "date-time",
        description:
          "when its lease or delay ends; null: it waits for nothing but a scan, or is being copied",
      },
    },
  },
  Scanner: { type: "object", required: ["id", "next", "from", "persistent"], properties: scanner },
  ScannerDescription: {
    type: "object",
    required: [...Object.keys(scanner), "ack", "lag", "pending"],
    properties: {
      ...scanner,
      ack: { type: "string", enum: ["auto", "explicit"] },
      lag: { type: "integer" },
      pending: { type: "integer" },
      oldest_pending: { type: ["string", "null"] },
      redelivered: { type: "integer" },
      dead_lettered: { type: "integer" },
      skipped: { type: "integer" },
      last_scan: { type: ["string", "null"] },
      settings: { type: "object" },
    },
  },
  Settled: {
    type: "object",
    required: ["ok", "settled", "refused"],
    properties: {
      ok: { const: true },
      settled: { type: "integer" },
      refused: { type: "array", items: offset },
    },
  },
  Finding: {
    type: "object",
    required: ["offset", "odelta", "type", "expected", "actual"],
    properties: {
      offset,
      odelta: { type: "integer" },
      type: { type: "string", enum: ["checksum", "length", "unknown"] },
      expected: text,
      actual: text,
    },
  },
  Message: {
    type: "object",
    required: ["offset", "timestamp", "crc32"],
    properties: {
      offset,
      timestamp: { type: "string", format: "date-time" },
      crc32: { type: "integer" },
      payload: text,
      payload_base64: { type: "string", contentEncoding: "base64" },
      delivery: count,
      key: text,
      content_type: text,
      headers: { type: "object", additionalProperties: text },
    },
  },
};

export function ref(name: string): Json {
  return { $ref: `#/components/schemas/${name}` };
}
