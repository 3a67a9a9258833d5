/**
 * How the streams and subjects of topics are called. A topic's key is its name with `=` for each `.`, which means
 * something in subjects and cannot be in the name of a stream. No topic has a `=`, so each key stands for one topic.
 */
import { createHash } from "node:crypto";
import { ENGINE_PREFIX_RULE, isEnginePrefix } from "../../base/names.ts";

/** NATS has files named after streams, so keys are bounded below the 255 bytes of a file name. */
const KEY_LENGTH = 180;
const LONG_KEY_LENGTH = 140;
const LONG_KEY_DIGITS = 26;

export const DEFAULT_PREFIX = "netlog";
/** The key of a topic: a token of subjects and a part of stream names. */
export function topicKey(topic: string): string {
  const key = topic.replaceAll(".", "=");
  if (key.length <= KEY_LENGTH) return key;
  const digits = createHash("sha256").update(topic).digest("hex").slice(0, LONG_KEY_DIGITS);
  return `${key.slice(0, LONG_KEY_LENGTH)}~${digits}`;
}

/** The names under one prefix: two clusters over one NATS have two. */
export class EngineNames {
  readonly prefix: string;
  readonly #streams: string;
  readonly #scannerStreams: string;

  /** @throws RangeError: no prefix. */
  constructor(prefix: string = DEFAULT_PREFIX) {
    if (!isEnginePrefix(prefix)) throw new RangeError(`${prefix} is no prefix: ${ENGINE_PREFIX_RULE}`);
    this.prefix = prefix;
    this.#streams = `${prefix.toUpperCase()}-`;
    this.#scannerStreams = `${prefix.toUpperCase()}S-`;
  }

  /** The stream of a topic's log. */
  logStream(topic: string): string {
    return this.#streams + topicKey(topic);
  }

  /** The stream of a topic's scanners. */
  scannerStream(topic: string): string {
    return this.#scannerStreams + topicKey(topic);
  }

  /** Frames of a log. */
  logSubject(topic: string): string {
    return `${this.prefix}.log.${topicKey(topic)}`;
  }

  /** Claims and releases of a log. */
  ownerSubject(topic: string): string {
    return `${this.prefix}.own.${topicKey(topic)}`;
  }

  /** Each subject of a topic's scanners. */
  scannerSubjects(topic: string): string {
    return `${this.prefix}.scan.${topicKey(topic)}.>`;
  }

  /** Records of one scanner, whose id may have dots. */
  scannerSubject(topic: string, scannerId: string): string {
    return `${this.prefix}.scan.${topicKey(topic)}.s.${topicKey(scannerId)}`;
  }

  /** Claims of the stream of a topic's scanners. */
  scannerOwnerSubject(topic: string): string {
    return `${this.prefix}.scan.${topicKey(topic)}.own`;
  }

  /** Records of what a topic remembers of its appends. */
  stateSubject(topic: string): string {
    return `${this.prefix}.scan.${topicKey(topic)}.state`;
  }

  /** A stream that shows whether streams can be made; it is no topic's. */
  probeStream(incarnation: string): string {
    return `${this.prefix.toUpperCase()}_PROBE-${incarnation}`;
  }

  probeSubject(incarnation: string): string {
    return `${this.prefix}.probe.${incarnation}`;
  }

  /** Where a server says that it lives; `*` for all servers. */
  heartbeatSubject(incarnation: string): string {
    return `${this.prefix}.beat.${incarnation}`;
  }

  /** Where a server takes dead letters for its topics. */
  letterSubject(incarnation: string): string {
    return `${this.prefix}.letter.${incarnation}`;
  }

  /** Where a server takes the requests that others relay to it. */
  relaySubject(incarnation: string): string {
    return `${this.prefix}.relay.${incarnation}`;
  }

  /** Where a server answers, and no other. */
  serverSubject(incarnation: string): string {
    return `${this.prefix}.srv.${incarnation}`;
  }

  /** The subject that finds the streams of all logs. */
  get allLogs(): string {
    return `${this.prefix}.log.*`;
  }

  /** The key of the topic whose log a stream keeps; `undefined` for other streams. */
  keyOfLogStream(stream: string): string | undefined {
    return stream.startsWith(this.#streams) ? stream.slice(this.#streams.length) : undefined;
  }
}
