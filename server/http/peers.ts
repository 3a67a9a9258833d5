/** Connections to the other servers of the same storage, by their URLs. They are used again, and opened as needed. */
import { Agent, type ClientRequest, request as requestPlain } from "node:http";
import { request as requestTls, Agent as TlsAgent } from "node:https";
import type { Limits } from "./limits.ts";

export interface PeerRequest {
  readonly method: string;
  readonly path: string;
  /** Name, value, name, value, …, `Host` included. */
  readonly headers: string[];
}

export class Peers {
  readonly #limits: Limits;
  readonly #agents = new Map<string, Agent>();

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  /** Begins a request to the server at `origin`, such as `http://queue-2:7200`. */
  request(origin: string, { method, path, headers }: PeerRequest): ClientRequest {
    const { protocol, hostname, port } = new URL(origin);
    const isTls = protocol === "https:";
    const agent = this.#agentOf(origin, isTls);
    const host = hostname.startsWith("[") ? hostname.slice(1, -1) : hostname;
    const options = { agent, host, port: port || (isTls ? 443 : 80), method, path, headers };
    return isTls ? requestTls(options) : requestPlain(options);
  }

  /** Ends what is under way with a server that is gone, or stands still. */
  drop(origin: string): void {
    this.#agents.get(origin)?.destroy();
    this.#agents.delete(origin);
  }

  close(): void {
    for (const origin of [...this.#agents.keys()]) this.drop(origin);
  }

  #agentOf(origin: string, isTls: boolean): Agent {
    const known = this.#agents.get(origin);
    if (known !== undefined) return known;
    const options = {
      keepAlive: true,
      // It ends a connection without a request, and no other. The other server waits longer.
      timeout: this.#limits.forwardIdleMs,
    };
    const agent = isTls ? new TlsAgent(options) : new Agent(options);
    this.#agents.set(origin, agent);
    return agent;
  }
}
