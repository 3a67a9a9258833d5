/**
 * Topics of the platform's messages, `m/<domain>/c/<channel>/<subtopic>`. Services write them with slashes and MQTT's
 * wildcards (`+`, `#`), or with dots and those of NATS (`*`, `>`). Here is one spelling: slashes, `+` and `#`; a dot divides
 * levels in both.
 */

import { troubleOfText } from "../index.ts";
import { LIMITS } from "./limits.ts";

/** What a subscription is for. */
export interface Filter {
  readonly channelId: string;
  readonly subtopic: string;
}

const SLASHED = /^\/?m\/([^/]+)\/c\/([^/]+)(?:\/(.*))?$/s;
const DOTTED = /^\.?m\.([^.]+)\.c\.([^.]+)(?:\.(.*))?$/s;
/** What no topic with slashes holds. */
const FOREIGN = /[\s*>]/;
const EDGE_SLASHES = /^\/+|\/+$/g;
const NATS_WILDCARDS: Readonly<Record<string, string>> = { "*": "+", ">": "#" };

/** The channel and the subtopic of a topic; `undefined`: it is none. */
export function parseTopic(topic: string): Filter | undefined {
  const isSlashed = topic.includes("/");
  const [, domainId = "", channelId = "", rest = ""] = (isSlashed ? SLASHED : DOTTED).exec(topic) ?? [];
  if (domainId === "" || [domainId, channelId].some((id) => FOREIGN.test(id))) return undefined;
  let decoded: string;
  try {
    decoded = decodeURIComponent(rest);
  } catch {
    return undefined;
  }
  const subtopic = parseLevels(decoded, isSlashed);
  return subtopic === undefined ? undefined : { channelId, subtopic };
}

/** A subtopic alone, in either spelling; `undefined`: it is none. */
export function parseSubtopic(text: string): string | undefined {
  return parseLevels(text, text.includes("/"));
}

function parseLevels(text: string, isSlashed: boolean): string | undefined {
  const mqtt = isSlashed ? text : text.replace(/[*>]/g, (wildcard) => NATS_WILDCARDS[wildcard] ?? wildcard);
  // An escape of a slashed topic may have been a NUL's, which SQL does not take.
  if (FOREIGN.test(mqtt) || troubleOfText(mqtt) !== undefined) return undefined;
  const subtopic = mqtt.replaceAll(".", "/").replace(EDGE_SLASHES, "");
  if (subtopic === "") return "";
  const levels = levelsOf(subtopic);
  if (levels.length > LIMITS.topicLevels) return undefined;
  const isWrong = levels.some((level, place) => {
    if (level === "#") return place < levels.length - 1;
    return level === "" || (level.length > 1 && /[+#]/.test(level));
  });
  return isWrong ? undefined : subtopic;
}

export function isWildcard(level: string): boolean {
  return level === "+" || level === "#";
}

export function levelsOf(subtopic: string): readonly string[] {
  return subtopic === "" ? [] : subtopic.split("/");
}
