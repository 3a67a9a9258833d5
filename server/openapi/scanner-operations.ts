/** The routes of scanners, described. */
import { bytes, done, JSON_TYPE, json, messages } from "./bodies.ts";
import type { Json, Operation } from "./operation.ts";
import { ref } from "./parts.ts";

const MESSAGE_HEADERS = ["X-Offset", "X-Crc32", "X-Timestamp", "X-Skipped", "X-Delivery", "X-Lease"];
const BULK_HEADERS = ["X-Offset", "X-Next-Offset", "X-Count", "X-Skipped", "X-Delivery", "X-Lease"];
const SCAN: Omit<Operation, "method" | "id"> = {
  path: "/{topic}/scan",
  tag: "scanners",
  summary: "The scanner's next message, or with max or format its next messages",
  query: ["id", "wait", "max", "format"],
  success: {
    "200": {
      description: "One message, or several in the format asked for",
      content: { "application/octet-stream": bytes, ...messages(["ndjson", "json", "lines"]) },
      headers: [...new Set([...MESSAGE_HEADERS, ...BULK_HEADERS])],
    },
  },
  errors: ["scanner_not_found", "invalid_duration", "end_of_topic", "not_acceptable", "checksum_error"],
};

const WORK_ERRORS: Operation["errors"] = [
  "scanner_not_found",
  "scanner_without_ack",
  "lease_lost",
  "offset_not_found",
  "payload_too_large",
  "request_timeout",
  "storage_full",
  "sync_failed",
];
const OFFSETS: Readonly<Record<string, Json>> = {
  [JSON_TYPE]: { type: "array", items: { type: "integer", minimum: 0 } },
};

function work(id: string, summary: string, query: readonly string[] = []): Operation {
  return {
    method: "POST",
    path: `/{topic}/${id}`,
    id,
    tag: "scanners",
    summary,
    query: ["id", "offset", "lease", ...query],
    required: ["id"],
    body: OFFSETS,
    success: { "200": json("What was settled, and what was refused", ref("Settled")) },
    errors: WORK_ERRORS,
  };
}

export const SCANNERS: readonly Operation[] = [
  {
    method: "POST",
    path: "/{topic}/scanner",
    id: "createScanner",
    tag: "scanners",
    summary: "Creates a scanner, or finds the one of this id",
    query: [
      "id",
      "from",
      "persist",
      "ack",
      "ack_wait",
      "max_deliver",
      "max_pending",
      "dead_letter",
      "expire",
    ],
    success: {
      "200": json("It was there", ref("Scanner")),
      "201": json("Created", ref("Scanner")),
    },
    errors: ["scanner_exists", "invalid_offset", "offset_not_found", "storage_full", "sync_failed"],
  },
  {
    method: "GET",
    path: "/{topic}/scanner",
    id: "describeScanners",
    tag: "scanners",
    summary: "All there is to tell of all scanners, or of one",
    query: ["id"],
    success: {
      "200": json("Scanners, or with id one of them", {
        oneOf: [{ type: "array", items: ref("ScannerDescription") }, ref("ScannerDescription")],
      }),
    },
    errors: ["scanner_not_found"],
    head: true,
  },
  {
    method: "DELETE",
    path: "/{topic}/scanner",
    id: "deleteScanner",
    tag: "scanners",
    summary: "Deletes a scanner",
    query: ["id"],
    required: ["id"],
    success: done("Deleted"),
    errors: ["scanner_not_found"],
  },
  { ...SCAN, method: "GET", id: "scanByGet" },
  { ...SCAN, method: "POST", id: "scan" },
  work("ack", "Settles messages"),
  work("nack", "Gives messages back", ["delay", "dead"]),
  work("touch", "Begins ack_wait anew"),
  {
    method: "POST",
    path: "/{topic}/seek",
    id: "seek",
    tag: "scanners",
    summary: "Moves a scanner; leases end",
    query: ["id", "to"],
    required: ["id", "to"],
    success: { "200": json("The scanner", ref("ScannerDescription")) },
    errors: ["scanner_not_found", "offset_not_found", "storage_full", "sync_failed"],
  },
];
