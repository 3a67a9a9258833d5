/** The request target, taken as it was sent: nothing is resolved, redirected or cleaned. */
import { NetlogError } from "../lib/index.ts";

export interface Target {
  /** The path cut at "/", each part percent-decoded once; a decoded "/" stays within its part. `/` is one empty part. */
  readonly parts: readonly string[];
  /** What stands behind the first "?", as sent. */
  readonly query: string;
  /** Of a target in absolute form (`http://host:port/path`): what is then said in place of the Host header. */
  readonly authority?: string;
}

const ABSOLUTE = /^https?:\/\/([^/?#]+)/i;

/** @throws bad_request for anything but a path or an absolute http URL, and for a malformed percent-encoding. */
export function parseTarget(target: string): Target {
  if (target.startsWith("/")) return parsePath(target);
  const absolute = ABSOLUTE.exec(target);
  const authority = absolute?.[1];
  if (absolute === null || authority === undefined) {
    throw new NetlogError("bad_request", { reason: "the request target is neither a path nor an http URL" });
  }
  const rest = target.slice(absolute[0].length);
  return { ...parsePath(rest.startsWith("/") ? rest : `/${rest}`), authority };
}

function parsePath(target: string): Target {
  const end = target.indexOf("?");
  const path = end < 0 ? target.slice(1) : target.slice(1, end);
  const parts = path.split("/");
  return {
    parts: path.includes("%") ? parts.map(decodePart) : parts,
    query: end < 0 ? "" : target.slice(end + 1),
  };
}

function decodePart(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch (cause) {
    throw new NetlogError("bad_request", { reason: "malformed percent-encoding in the path", cause });
  }
}
