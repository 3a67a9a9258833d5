/** Whose share of the server's limits counts for what: that of all clients, of each token, and of each address. */
import { type ClientAddresses, clientKey } from "../auth/client-address.ts";
import { isLoopback } from "../auth/gate.ts";
import type { Limits } from "./limits.ts";
import { Share } from "./share.ts";

export class Occupancy {
  readonly all: Share;
  readonly #limits: Limits;
  readonly #addresses: ClientAddresses;
  /** By the name of the token, of which a file has a bounded number. */
  readonly #byToken = new Map<string, Share>();
  /** The one that was made or looked at longest ago comes first. */
  readonly #byAddress = new Map<string, Share>();

  constructor(limits: Limits, addresses: ClientAddresses) {
    const { bytesInFlight: bytes, waitingRequests: waiting, connections, grpcOpenCalls } = limits;
    this.all = new Share({ bytes, waiting, connections, openCalls: grpcOpenCalls });
    this.#limits = limits;
    this.#addresses = addresses;
  }

  ofToken(name: string): Share {
    const known = this.#byToken.get(name);
    if (known !== undefined) return known;
    const share = this.#part(this.#limits.tokenSharePercent, "token", "tokenSharePercent");
    this.#byToken.set(name, share);
    return share;
  }

  /**
   * `undefined` for a proxy that the operator trusts, and for this machine, where a proxy that brings the requests of many
   * clients needs no mention.
   */
  ofAddress(remote: string): Share | undefined {
    const address = this.#addresses.clientOf(remote, undefined);
    if (address === "" || isLoopback(address) || this.#addresses.isProxy(address)) return undefined;
    const key = clientKey(address);
    const known = this.#byAddress.get(key);
    if (known !== undefined) return known;
    this.#forgetIdle();
    const share = this.#part(this.#limits.addressSharePercent, "address", "addressSharePercent");
    this.#byAddress.set(key, share);
    return share;
  }

  /** Looks at two addresses for each new one, so that those which take nothing do not become more and more. */
  #forgetIdle(): void {
    let left = 2;
    for (const [key, share] of this.#byAddress) {
      if (left-- === 0) return;
      this.#byAddress.delete(key);
      if (!share.isIdle) this.#byAddress.set(key, share);
    }
  }

  /** It has room for the largest body, and for the answer with it. */
  #part(percent: number, whose: string, name: string): Share {
    const { bytesInFlight, payloadBytes, batchBytes, waitingRequests, connections, grpcOpenCalls } =
      this.#limits;
    const partOf = (amount: number): number => Math.floor((amount * percent) / 100);
    const leastBytes = Math.min(bytesInFlight, 2 * Math.max(payloadBytes, batchBytes));
    const limits = {
      bytes: Math.max(leastBytes, partOf(bytesInFlight)),
      waiting: Math.max(1, partOf(waitingRequests)),
      connections: Math.max(1, partOf(connections)),
      openCalls: Math.max(1, partOf(grpcOpenCalls)),
    };
    return new Share(limits, `one ${whose} has ${percent} percent of the limit (${name})`);
  }
}
