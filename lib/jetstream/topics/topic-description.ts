/**
 * What NATS keeps with the stream of a topic beside its messages: the topic's name, which the stream's own may not spell,
 * its id, its settings, and whom it was forked from. It is the description of the stream, as JSON, for people too.
 *
 * ```
 * {"netlog":1,"name":"orders.new","id":"5f1c…","settings":{"segment_age":"30day", …}}
 * ```
 */
import { isNetlogError, NetlogError } from "../../base/errors.ts";
import { JsonError, parseJson } from "../../base/json.ts";
import type { TopicSettings } from "../../topic/setting-table.ts";
import { resolveSettings } from "../../topic/settings.ts";
import type { ForkSource } from "../../topic/storage.ts";
import { isUnserved, type Unserved } from "../log/claim.ts";
import type { Limits } from "../nats/limits.ts";

const VERSION = 1;
/** NATS takes no longer one (`JSMaxDescriptionLen` of nats-server). */
const MAX_BYTES = 4096;

export interface TopicIdentity {
  readonly name: string;
  /** Random: a topic of the same name that was made before or after this one has another. */
  readonly id: string;
}

export interface TopicDescription extends TopicIdentity {
  /** `undefined`: they are lost. */
  readonly settings: TopicSettings | undefined;
  readonly source: ForkSource | undefined;
  /** The server that is making the topic. Until it is whole there is no such topic. */
  readonly maker: string | undefined;
  /** It was deleted, and its forks keep its name. */
  readonly isDeleted: boolean;
  /** Why there is no such topic, though it was not deleted. */
  readonly unserved: Unserved | undefined;
  /** It has a stream of scanners and state, which is missed from then on. */
  readonly hasKept: boolean;
}

/** What describes a topic as any other. */
export function newDescription(name: string, id: string, settings: TopicSettings): TopicDescription {
  const nothing = { source: undefined, maker: undefined, unserved: undefined };
  return { name, id, settings, ...nothing, isDeleted: false, hasKept: false };
}

interface Written {
  readonly netlog: number;
  readonly name: string;
  readonly id: string;
  readonly settings?: unknown;
  readonly source?: ForkSource;
  readonly maker?: string;
  readonly deleted?: true;
  readonly unserved?: Unserved;
  readonly kept?: true;
}

/** @throws topic_unavailable: NATS has no room for it. */
export function encodeDescription(description: TopicDescription): string {
  const { name, id, settings, source, maker, isDeleted, unserved, hasKept } = description;
  const written: Written = {
    netlog: VERSION,
    name,
    id,
    settings,
    ...(source === undefined ? {} : { source }),
    ...(maker === undefined ? {} : { maker }),
    ...(isDeleted ? { deleted: true } : {}),
    ...(unserved === undefined ? {} : { unserved }),
    ...(hasKept ? { kept: true } : {}),
  };
  const text = JSON.stringify(written);
  const sizeBytes = Buffer.byteLength(text);
  if (sizeBytes <= MAX_BYTES) return text;
  const reason = `the topic's settings take ${sizeBytes} bytes, and NATS keeps ${MAX_BYTES}`;
  throw new NetlogError("topic_unavailable", { reason });
}

/**
 * `undefined`: it is not one of ours. What the settings leave out is as in `defaults`.
 *
 * @throws topic_unavailable: a later version wrote it.
 */
export function decodeDescription(
  text: string,
  defaults: TopicSettings,
  limits: Limits,
): TopicDescription | undefined {
  const written = parse(text, limits);
  if (written === undefined) return undefined;
  if (written.netlog > VERSION) {
    const reason = `its stream was described by a later version of netlog (${written.netlog})`;
    throw new NetlogError("topic_unavailable", { reason });
  }
  return {
    name: written.name,
    id: written.id,
    settings: settingsOf(written.settings, defaults, limits),
    source: written.source,
    maker: written.maker,
    isDeleted: written.deleted === true,
    unserved: isUnserved(written.unserved) ? written.unserved : undefined,
    hasKept: written.kept === true,
  };
}

/** The description of the stream of a topic's scanners. */
export function encodeScannersDescription({ name, id }: TopicIdentity): string {
  return JSON.stringify({ netlog: VERSION, name, id });
}

/** `undefined`: it is not one of ours. */
export function decodeScannersDescription(text: string): TopicIdentity | undefined {
  try {
    const { netlog, name, id } = JSON.parse(text) as Partial<Written>;
    return netlog === VERSION && name !== undefined && id !== undefined ? { name, id } : undefined;
  } catch {
    return undefined;
  }
}

function parse(text: string, limits: Limits): Written | undefined {
  try {
    const value = parseJson(text, limits.jsonDepth) as Partial<Written> | null;
    const isOurs = typeof value?.netlog === "number" && typeof value.name === "string";
    return isOurs && typeof value.id === "string" ? (value as Written) : undefined;
  } catch (error) {
    if (error instanceof JsonError) return undefined;
    throw error;
  }
}

function settingsOf(written: unknown, defaults: TopicSettings, limits: Limits): TopicSettings | undefined {
  try {
    return written === undefined ? undefined : resolveSettings(written, defaults, limits);
  } catch (error) {
    if (!isNetlogError(error)) throw error;
    return undefined;
  }
}
