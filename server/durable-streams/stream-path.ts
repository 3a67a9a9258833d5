/** The topic that a path under `/-/streams/` names: its segments, joined by dots. */
import { isSafeName, LIMITS, NAME_RULE, NetlogError } from "../../lib/index.ts";
import { quoteSafely } from "../wire/quote.ts";

/** Parts of the path in front of the stream's own. */
const OWN_PARTS = 2;
/** What the protocol keeps for itself: its subscriptions are there. A dot is as good as a slash, as the topic is the same. */
const RESERVED = "__ds";

/** `/-/streams`, and everything below. */
export function isStreamPath(parts: readonly string[]): boolean {
  return parts[0] === "-" && parts[1] === "streams";
}

/** `undefined`: the path names no stream. @throws invalid_topic_name. */
export function segmentsOf(parts: readonly string[]): readonly string[] | undefined {
  const segments = parts.slice(OWN_PARTS);
  if (segments.length === 0 || segments[0] === "") return undefined;
  for (const segment of segments) {
    if (segment.split(".").includes(RESERVED))
      throw refused(
        `${RESERVED} is the protocol's own, and subscriptions are not served; read with live=sse`,
      );
    if (isSafeName(segment, LIMITS.topicNameLength)) continue;
    const reason = `${quoteSafely(segment)} is no segment of a stream's path; each is 1 or more of ${NAME_RULE}`;
    throw refused(reason);
  }
  return segments;
}

/** @throws invalid_topic_name: as segmentsOf does, and where the path names no stream. */
export function requireSegments(parts: readonly string[]): void {
  if (segmentsOf(parts) === undefined) throw refused("the path names no stream");
}

export function topicNameOf(parts: readonly string[]): string {
  return parts.length === OWN_PARTS + 1 ? (parts[OWN_PARTS] ?? "") : parts.slice(OWN_PARTS).join(".");
}

function refused(reason: string): NetlogError {
  return new NetlogError("invalid_topic_name", { reason });
}
