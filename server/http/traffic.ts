/** What the server counts of its requests: plain numbers, by route, method and status, and of its calls, all of them bounded. */
import { type ErrorCode, Tally } from "../../lib/index.ts";
import type { Resource } from "./resource.ts";

const DURATION_MS = [0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 10_000, 60_000] as const;

/** The status of a request whose client left before it was answered, as nginx has it. */
const CLIENT_LEFT = 499;

/** Why publishes are refused that ask for more than to be stored. */
const REFUSED_TERMS: readonly ErrorCode[] = [
  "offset_mismatch",
  "idempotency_mismatch",
  "producer_gap",
  "producer_fenced",
  "topic_closed",
];

/** Requests of one route and method. */
export interface RouteTraffic {
  readonly route: string;
  readonly method: string;
  readonly statuses: Map<number, number>;
  /** From the request's headers to the answer's. */
  readonly durationMs: Tally;
}

/** Calls of one method of gRPC. */
export interface CallTraffic {
  /** By the status in which they ended. */
  readonly statuses: Map<string, number>;
  /** From the headers of a call to its status. */
  readonly durationMs: Tally;
}

export class Traffic {
  /** In bodies of answers that hold messages, as they were sent. */
  messagesOut = 0;
  bytesOut = 0;
  /** Publishes that had been stored before. */
  duplicates = 0;
  /** By code. */
  readonly refusedTerms: Map<string, number> = new Map(REFUSED_TERMS.map((code) => [code, 0]));
  /** By the path of the method, of those that were called. */
  readonly calls: Map<string, CallTraffic> = new Map();
  readonly #routes = new Map<Resource | undefined, Map<string, RouteTraffic>>();
  /** What was noted last, which is what is noted next most of the time. */
  #last: { resource: Resource | undefined; method: string; traffic: RouteTraffic } | undefined;

  /** One for each route that was asked for. */
  get routes(): RouteTraffic[] {
    return [...this.#routes.values()].flatMap((methods) => [...methods.values()]);
  }

  /** A request was answered with `status`; `undefined`: its client had left. */
  note(resource: Resource | undefined, method: string, status: number | undefined, elapsedMs: number): void {
    if (this.#last?.resource !== resource || this.#last?.method !== method) {
      this.#last = { resource, method, traffic: this.#route(resource, method) };
    }
    const { statuses, durationMs } = this.#last.traffic;
    const told = status ?? CLIENT_LEFT;
    statuses.set(told, (statuses.get(told) ?? 0) + 1);
    durationMs.add(elapsedMs);
  }

  /** A call of gRPC has ended with `status`. */
  noteCall(path: string, status: string, elapsedMs: number): void {
    let traffic = this.calls.get(path);
    if (traffic === undefined) {
      traffic = { statuses: new Map(), durationMs: new Tally(DURATION_MS) };
      this.calls.set(path, traffic);
    }
    traffic.statuses.set(status, (traffic.statuses.get(status) ?? 0) + 1);
    traffic.durationMs.add(elapsedMs);
  }

  noteOut(messageCount: number, sizeBytes: number): void {
    this.messagesOut += messageCount;
    this.bytesOut += sizeBytes;
  }

  /** A request was answered with an error. */
  noteFailure(code: string): void {
    const count = this.refusedTerms.get(code);
    if (count !== undefined) this.refusedTerms.set(code, count + 1);
  }

  #route(resource: Resource | undefined, method: string): RouteTraffic {
    let methods = this.#routes.get(resource);
    if (methods === undefined) {
      methods = new Map();
      this.#routes.set(resource, methods);
    }
    // A client may send any word for a method.
    const known = resource?.actions.has(method) === true || method === "OPTIONS" ? method : "(other)";
    let traffic = methods.get(known);
    if (traffic === undefined) {
      const route = resource?.path ?? "(none)";
      traffic = { route, method: known, statuses: new Map(), durationMs: new Tally(DURATION_MS) };
      methods.set(known, traffic);
    }
    return traffic;
  }
}
