/** What is under the path of a stream, and how OpenAPI describes it. */
import type { Action } from "../http/door.ts";
import type { Resource } from "../http/resource.ts";
import { allowOf, RouteTable } from "../http/route-table.ts";
import { bytes } from "../openapi/bodies.ts";
import type { DescribedRoute, Operation } from "../openapi/operation.ts";
import { appendToStream } from "./append.ts";
import { createStream } from "./create.ts";
import { deleteStream, describeStream } from "./metadata.ts";
import { readStream } from "./read.ts";

interface StreamRoute extends DescribedRoute {
  /** It renews the stream's ttl: see Action. */
  readonly isUse?: true;
  /** Its answers hold payloads: see Action. */
  readonly givesPayloads?: true;
}

/** Segments of the stream's path are joined in OpenAPI's one parameter. */
const PATH = "/-/streams/:stream";
const STREAM_CONTENT = { "*/*": bytes };

const CREATE: Operation = {
  handle: createStream,
  id: "createStream",
  tag: "durable streams",
  summary: "Makes a stream, or finds the one that is there and of the same kind",
  description:
    "The topic of the path's segments, joined by dots. The body is the first append, and is there with the stream, as its end is. With a body or Stream-Closed it takes the right to write, too.",
  requestHeaders: [
    "Stream-TTL",
    "Stream-Expires-At",
    "Stream-Closed",
    "Stream-Forked-From",
    "Stream-Fork-Offset",
    "Stream-Fork-Sub-Offset",
  ],
  body: { limit: "payloadBytes", content: STREAM_CONTENT },
  success: {
    "200": { description: "It is there", headers: ["Stream-Next-Offset", "Stream-Closed"] },
    "201": { description: "Made", headers: ["Location", "Stream-Next-Offset", "Stream-Closed"] },
  },
  errors: [
    "invalid_topic_name",
    "topic_not_found",
    "resource_busy",
    "stream_exists",
    "content_type_mismatch",
    "payload_too_large",
    "request_timeout",
    "storage_full",
    "sync_failed",
  ],
};

const APPEND_HEADERS = ["Stream-Next-Offset", "Stream-Closed", "Producer-Epoch", "Producer-Seq"];

const APPEND: Operation = {
  handle: appendToStream,
  id: "appendToStream",
  tag: "durable streams",
  summary: "Appends the body, closes the stream, or both",
  description: "In a stream of application/json each element of an array is a message.",
  requestHeaders: ["Stream-Seq", "Stream-Closed", "Producer-Id", "Producer-Epoch", "Producer-Seq"],
  body: { limit: "payloadBytes", content: STREAM_CONTENT },
  success: {
    "200": { description: "Kept, and it was the producer's next append", headers: APPEND_HEADERS },
    "204": { description: "Kept, or it was there before", headers: APPEND_HEADERS },
  },
  errors: [
    "gone",
    "content_type_mismatch",
    "topic_closed",
    "producer_gap",
    "producer_fenced",
    "sequence_regression",
    "payload_too_large",
    "request_timeout",
    "storage_full",
    "sync_failed",
  ],
};

const READ_HEADERS = [
  "Stream-Next-Offset",
  "Stream-Up-To-Date",
  "Stream-Closed",
  "Stream-Cursor",
  "Stream-SSE-Data-Encoding",
  "ETag",
];

const READ: Operation = {
  handle: readStream,
  id: "readFromStream",
  tag: "durable streams",
  summary: "What there is behind an offset, at once, when it comes, or as it comes",
  query: ["offset", "live", "cursor"],
  requestHeaders: ["If-None-Match"],
  success: {
    "200": {
      description: "Bytes; an array of values of a stream of JSON",
      content: STREAM_CONTENT,
      headers: READ_HEADERS,
    },
    "204": { description: "Nothing came while a long poll waited, or ever will", headers: READ_HEADERS },
    "304": { description: "The client has it", headers: READ_HEADERS },
  },
  errors: ["invalid_offset", "gone", "checksum_error"],
};

const DESCRIBE: Operation = {
  handle: describeStream,
  id: "describeStream",
  tag: "durable streams",
  summary: "Type, end, and when the stream ends by itself",
  success: {
    "200": {
      description: "It is there",
      headers: ["Stream-Next-Offset", "Stream-Closed", "Stream-TTL", "Stream-Expires-At"],
    },
  },
  errors: ["gone"],
};

const DELETE: Operation = {
  handle: deleteStream,
  id: "deleteStream",
  tag: "durable streams",
  summary: "Deletes a stream",
  query: ["force"],
  success: { "204": { description: "Deleted" } },
  errors: ["gone", "resource_busy", "sync_failed"],
};

export const STREAM_ROUTES: readonly StreamRoute[] = [
  { method: "PUT", path: PATH, needs: "admin", does: CREATE },
  { method: "POST", path: PATH, needs: "write", does: APPEND, isUse: true },
  { method: "GET", path: PATH, needs: "read", does: READ, isUse: true, givesPayloads: true },
  { method: "HEAD", path: PATH, needs: "read", does: DESCRIBE },
  { method: "DELETE", path: PATH, needs: "admin", does: DELETE },
];

const TABLE = new RouteTable(
  STREAM_ROUTES.map(({ method, path, needs, isUse, givesPayloads, does }) => ({
    method,
    path,
    needs,
    isUse,
    givesPayloads,
    handle: does.handle,
    bodyLimit: does.body?.limit,
    // Clients of the protocol send parameters of their users' own.
    parameters: { names: does.query ?? [], ignoresOthers: "always", elsewhere: [] },
  })),
);

export const STREAM: Resource<Action> = TABLE.resources[0]!;
export const STREAM_ALLOW: string = allowOf(TABLE.resources);
