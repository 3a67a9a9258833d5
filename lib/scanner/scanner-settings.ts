/** What a scanner is asked to be: bounds and defaults, and what of it contradicts a scanner that is there. */
import { type BigDuration, durationMs, formatDuration, parseDuration } from "../base/duration.ts";
import { NetlogError } from "../base/errors.ts";
import { isSafeName, NAME_RULE } from "../base/names.ts";
import { requireKeys } from "../reading/key-search.ts";
import type { Limits } from "./limits.ts";

/** What left out is not asked for. Durations are ms. */
export interface ScannerRequest {
  /** A name of the client's choosing; without it the scanner is new, with an id of the server's. */
  readonly id?: string | undefined;
  /** Any spelling of an offset, or a number; counts when the scanner is new. */
  readonly from?: string | number | undefined;
  readonly persist?: boolean | undefined;
  readonly ack?: "auto" | "explicit" | undefined;
  readonly ackWaitMs?: number | undefined;
  readonly maxDeliver?: number | undefined;
  readonly maxPending?: number | undefined;
  readonly deadLetter?: string | undefined;
  /** False: the topic of the dead letter is never made, for who asks must not make it. Counts when the scanner is new. */
  readonly makesDeadLetter?: boolean | undefined;
  readonly expireMs?: number | undefined;
  /** Messages without one of these keys are passed over. */
  readonly keys?: readonly string[] | undefined;
}

/** In the words of the wire, in which they are kept as well. Durations in canonical form. */
export interface WorkSettings {
  /** A lease lasts so long. */
  readonly ack_wait: string;
  /** A message is given out so often at most; 0: no limit. */
  readonly max_deliver: number;
  /** So many may be given out and not settled. */
  readonly max_pending: number;
  /** Topic of those that were given out too often. */
  readonly dead_letter: string | null;
  /** That topic is not made when it is missing: who made the scanner had no right to. */
  readonly makes_dead_letter?: false;
}

export interface ScannerSettings {
  /** With acknowledgements. */
  readonly work: WorkSettings | undefined;
  /** Not used for so long it is dropped. */
  readonly expireMs: number | undefined;
  /** Messages without one of these keys are passed over; `undefined`: none are. */
  readonly keys: readonly string[] | undefined;
}

const DEFAULT_WORK: WorkSettings = { ack_wait: "30s", max_deliver: 0, max_pending: 1000, dead_letter: null };

const MUST_BE_THERE = { makes_dead_letter: false } as const;

/** The settings of a new scanner; checkScannerRequest has looked at the request. @throws bad_request. */
export function resolveScannerSettings(
  request: ScannerRequest,
  isPersistent: boolean,
  limits: Limits,
): ScannerSettings {
  const expireMs = request.expireMs ?? (isPersistent ? undefined : limits.scannerIdleMs);
  const keys = request.keys?.length ? [...new Set(request.keys)] : undefined;
  if (request.ack === "explicit") {
    const isNotMade = request.deadLetter !== undefined && request.makesDeadLetter === false;
    const work = { ...DEFAULT_WORK, ...givenWork(request), ...(isNotMade ? MUST_BE_THERE : {}) };
    return { work, expireMs, keys };
  }
  const [first] = Object.keys(givenWork(request));
  if (first === undefined) return { work: undefined, expireMs, keys };
  throw new NetlogError("bad_request", { reason: `${first} needs ack=explicit` });
}

/** @throws bad_request, with a reason that names the parameter. */
export function checkScannerRequest(request: ScannerRequest, topicName: string, limits: Limits): void {
  const { id, ackWaitMs, maxDeliver, maxPending, deadLetter, expireMs } = request;
  if (id !== undefined && !isSafeName(id, limits.scannerNameLength)) {
    throw refuse("id", `1 to ${limits.scannerNameLength} of ${NAME_RULE}`);
  }
  if (request.ack === "explicit" && request.persist === false) {
    const reason = "persist=false contradicts ack=explicit, whose scanners always persist; leave persist out";
    throw new NetlogError("bad_request", { reason });
  }
  if (ackWaitMs !== undefined && !isWithin(ackWaitMs, limits.ackWaitMinMs, limits.ackWaitMaxMs)) {
    throw refuse("ack_wait", `${print(limits.ackWaitMinMs)} to ${print(limits.ackWaitMaxMs)}`);
  }
  if (maxDeliver !== undefined && !isWithin(maxDeliver, 0, limits.deliverMax)) {
    throw refuse("max_deliver", `a whole number from 0 (no limit) to ${limits.deliverMax}`);
  }
  if (maxPending !== undefined && !isWithin(maxPending, 1, limits.pendingMax)) {
    throw refuse("max_pending", `a whole number from 1 to ${limits.pendingMax}`);
  }
  if (deadLetter !== undefined && !isSafeName(deadLetter, limits.topicNameLength)) {
    throw refuse("dead_letter", `a topic's name: 1 to ${limits.topicNameLength} of ${NAME_RULE}`);
  }
  if (deadLetter === topicName) throw refuse("dead_letter", "another topic than the scanner's own");
  if (expireMs !== undefined && expireMs <= 0) throw refuse("expire", "a duration of more than nothing");
  if (request.keys !== undefined) requireKeys(request.keys, limits);
}

/** The parameter in which `request` asks for something else than what is there; `undefined` when it agrees. */
export function conflictOf(
  request: ScannerRequest,
  isPersistent: boolean,
  settings: ScannerSettings,
): string | undefined {
  const { work, expireMs, keys } = settings;
  const ack = work === undefined ? "auto" : "explicit";
  if (request.ack !== undefined && request.ack !== ack) return "ack";
  const doesPersist = request.ack === "explicit" ? true : request.persist;
  if (doesPersist !== undefined && doesPersist !== isPersistent) return "persist";
  for (const [name, value] of Object.entries(givenWork(request))) {
    if (work?.[name as keyof WorkSettings] !== value) return name;
  }
  if (request.keys !== undefined && !areSame(request.keys, keys ?? [])) return "key";
  return request.expireMs !== undefined && request.expireMs !== expireMs ? "expire" : undefined;
}

/** In any order. */
function areSame(some: readonly string[], others: readonly string[]): boolean {
  const given = new Set(some);
  return given.size === new Set(others).size && others.every((each) => given.has(each));
}

/** Reads settings as a file keeps them; `undefined` when they are none. */
export function readWorkSettings(kept: unknown): WorkSettings | undefined {
  if (typeof kept !== "object" || kept === null) return undefined;
  const { ack_wait, max_deliver, max_pending, dead_letter } = kept as Partial<Record<string, unknown>>;
  if (typeof ack_wait !== "string" || typeof max_deliver !== "number") return undefined;
  if (typeof max_pending !== "number" || (typeof dead_letter !== "string" && dead_letter !== null)) {
    return undefined;
  }
  const isNotMade = "makes_dead_letter" in kept && kept.makes_dead_letter === false;
  return { ack_wait, max_deliver, max_pending, dead_letter, ...(isNotMade ? MUST_BE_THERE : {}) };
}

/** Such a duration as clients see it. */
export function print(ms: number): string {
  return formatDuration(canonical(ms));
}

export function toMs(text: string): number {
  return durationMs(parseDuration(text));
}

function givenWork(request: ScannerRequest): Partial<WorkSettings> {
  const { ackWaitMs, maxDeliver, maxPending, deadLetter } = request;
  return {
    ...(ackWaitMs === undefined ? {} : { ack_wait: print(ackWaitMs) }),
    ...(maxDeliver === undefined ? {} : { max_deliver: maxDeliver }),
    ...(maxPending === undefined ? {} : { max_pending: maxPending }),
    ...(deadLetter === undefined ? {} : { dead_letter: deadLetter }),
  };
}

const DAY_MS = 86_400_000;

/** Whole days as days, so that clients see 7day where they asked for 7day. */
function canonical(ms: number): BigDuration {
  const days = Math.floor(ms / DAY_MS);
  return { years: 0, months: 0, days, ms: ms - days * DAY_MS };
}

function isWithin(value: number, min: number, max: number): boolean {
  return value >= min && value <= max;
}

function refuse(name: string, allowed: string): NetlogError {
  return new NetlogError("bad_request", { reason: `${name} takes ${allowed}` });
}
