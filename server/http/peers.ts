/**
 * Connections to the other servers of the same storage, by their URLs. They are used again, and opened as needed. While
 * requests are under way, each server is asked now and then whether it can be reached: presence goes by NATS, and the way
 * between two servers may be a black hole for which no connection ever ends.
 */
import { Agent, type ClientRequest, type RequestOptions, request as requestPlain } from "node:http";
import { request as requestTls, Agent as TlsAgent } from "node:https";
import type { Logger, Runtime, Timer } from "../../lib/index.ts";
import type { Limits } from "./limits.ts";

export interface PeersOptions {
  readonly limits: Limits;
  readonly runtime: Runtime;
  readonly logger: Logger;
}

export interface PeerRequest {
  readonly method: string;
  readonly path: string;
  /** Name, value, name, value, …, `Host` included. */
  readonly headers: string[];
}

interface Peer {
  readonly agent: Agent;
  /** Requests under way. */
  openCount: number;
  /** The next look at whether it can be reached; there is one while requests are under way. */
  timer: Timer | undefined;
}

/** The system knows that no packet arrives. A refused connection is a sign of life: of the machine, or of a server that stops. */
const UNREACHABLE: ReadonlySet<string | undefined> = new Set(["EHOSTUNREACH", "ENETUNREACH", "ETIMEDOUT"]);

export class Peers {
  readonly #options: PeersOptions;
  readonly #peers = new Map<string, Peer>();

  constructor(options: PeersOptions) {
    this.#options = options;
  }

  /** Begins a request to the server at `origin`, such as `http://queue-2:7200`. It fails when the server cannot be reached any more. */
  request(origin: string, request: PeerRequest): ClientRequest {
    const peer = this.#peerAt(origin);
    peer.openCount += 1;
    if (peer.timer === undefined) this.#watch(origin, peer);
    const there = begin(origin, { ...request, agent: peer.agent });
    there.once("close", () => {
      peer.openCount -= 1;
    });
    return there;
  }

  /** Ends what is under way with a server that is gone, or stands still. */
  drop(origin: string): void {
    const peer = this.#peers.get(origin);
    this.#peers.delete(origin);
    peer?.timer?.cancel();
    peer?.agent.destroy();
  }

  close(): void {
    for (const origin of [...this.#peers.keys()]) this.drop(origin);
  }

  #peerAt(origin: string): Peer {
    const known = this.#peers.get(origin);
    if (known !== undefined) return known;
    const options = {
      keepAlive: true,
      // It ends a connection without a request, and no other. The other server waits longer.
      timeout: this.#options.limits.forwardIdleMs,
    };
    const agent = isTls(origin) ? new TlsAgent(options) : new Agent(options);
    const peer = { agent, openCount: 0, timer: undefined };
    this.#peers.set(origin, peer);
    return peer;
  }

  #watch(origin: string, peer: Peer): void {
    const { runtime, limits } = this.#options;
    peer.timer = runtime.setTimer(limits.forwardProbeMs, () => void this.#look(origin, peer));
  }

  async #look(origin: string, peer: Peer): Promise<void> {
    const isReached = peer.openCount === 0 || (await this.#reaches(origin));
    if (this.#peers.get(origin) !== peer) return;
    if (!isReached) {
      this.#options.logger.warn(
        { server: origin },
        "another server cannot be reached: what waits for it ends",
      );
      this.drop(origin);
    } else if (peer.openCount > 0) {
      this.#watch(origin, peer);
    } else {
      peer.timer = undefined;
    }
  }

  /** Whether a new connection brings an answer in time, whatever it says. Never rejects. */
  #reaches(origin: string): Promise<boolean> {
    const { runtime, limits } = this.#options;
    const headers = ["Host", new URL(origin).host];
    const there = begin(origin, { method: "GET", path: "/-/health", headers, agent: false });
    return new Promise((resolve) => {
      const end = (isReached: boolean): void => {
        timer.cancel();
        resolve(isReached);
        there.destroy();
      };
      const timer = runtime.setTimer(limits.forwardAskMs, () => end(false));
      there.once("response", () => end(true));
      there.on("error", ({ code }: NodeJS.ErrnoException) => end(!UNREACHABLE.has(code)));
      there.end();
    });
  }
}

function begin(origin: string, request: PeerRequest & Pick<RequestOptions, "agent">): ClientRequest {
  const { hostname, port } = new URL(origin);
  const host = hostname.startsWith("[") ? hostname.slice(1, -1) : hostname;
  const options = { ...request, host, port: port || (isTls(origin) ? 443 : 80) };
  return isTls(origin) ? requestTls(options) : requestPlain(options);
}

function isTls(origin: string): boolean {
  return origin.startsWith("https:");
}
