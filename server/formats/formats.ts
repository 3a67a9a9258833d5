/**
 * The formats of many messages at once: the one table of their names, media types and directions. How each is read
 * and written is in formats/.
 */

export type FormatName = "ndjson" | "json" | "lines" | "frames" | "sse" | "messages";

export interface Format {
  readonly name: FormatName;
  /** In lower case, without parameters. */
  readonly mediaType: string;
  /** What `Content-Type` says of an answer. */
  readonly contentType: string;
  /** Bodies of requests may have it. */
  readonly isIn: boolean;
  /** Answers may have it. */
  readonly isOut: boolean;
}

/** Where a client leaves the choice, the first that is possible is taken. */
export const FORMATS: readonly Format[] = [
  {
    name: "ndjson",
    mediaType: "application/x-ndjson",
    contentType: "application/x-ndjson",
    isIn: true,
    isOut: true,
  },
  {
    name: "json",
    mediaType: "application/json",
    contentType: "application/json; charset=utf-8",
    isIn: true,
    isOut: true,
  },
  {
    name: "lines",
    mediaType: "text/plain",
    contentType: "text/plain; charset=utf-8",
    isIn: true,
    isOut: true,
  },
  {
    name: "frames",
    mediaType: "application/vnd.netlog.frames",
    contentType: "application/vnd.netlog.frames",
    isIn: false,
    isOut: true,
  },
  {
    name: "sse",
    mediaType: "text/event-stream",
    contentType: "text/event-stream",
    isIn: false,
    isOut: true,
  },
  {
    name: "messages",
    mediaType: "application/vnd.netlog.messages",
    contentType: "application/vnd.netlog.messages",
    isIn: true,
    isOut: false,
  },
];
