/**
 * Whether NATS runs out of room for streams, as its servers say. netlog then stores nothing more, before
 * NATS itself refuses: a server of NATS that has reached its limit (`max_file_store`) leaves messages out that the others
 * store at the same place, and its copies of streams differ from then on (seen with nats-server 2.10.27).
 */
import type { Logger } from "../../base/logger.ts";
import type { Runtime, Timer } from "../../base/runtime.ts";
import type { Room } from "../log/stream-log-options.ts";
import type { JetstreamCaps } from "../nats/limits.ts";
import type { Monitor, Varz } from "./monitors.ts";

export interface RoomWatchOptions {
  /** `undefined`: nobody tells, and there is always room. */
  readonly monitor: Pick<Monitor, "ask"> | undefined;
  readonly runtime: Runtime;
  readonly logger: Logger;
  readonly limits: JetstreamCaps;
}

export class RoomWatch implements Room {
  readonly #options: RoomWatchOptions;
  #shortage: string | undefined;
  #usedRatio: number | undefined;
  #timer: Timer | undefined;
  #isOver = false;

  constructor(options: RoomWatchOptions) {
    this.#options = options;
  }

  get shortage(): string | undefined {
    return this.#shortage;
  }

  /** The part of its room that the fullest server has used, 0 to 1, when one answered last; `undefined`: none ever did. */
  get usedRatio(): number | undefined {
    return this.#usedRatio;
  }

  /** Looks once, and goes on looking from then on. Never rejects. */
  async begin(): Promise<void> {
    const { monitor, runtime, limits } = this.#options;
    if (monitor === undefined) return;
    await this.#look();
    if (!this.#isOver) this.#timer = runtime.setTimer(limits.engineRoomMs, () => void this.begin());
  }

  end(): void {
    this.#isOver = true;
    this.#timer?.cancel();
  }

  async #look(): Promise<void> {
    const { monitor, logger, limits } = this.#options;
    // A server that does not answer stores nothing, either.
    const { servers } = await monitor!.ask();
    if (servers.length === 0) return;
    const ratios = servers.map(usedRatioOf).filter((ratio) => !Number.isNaN(ratio));
    if (ratios.length > 0) this.#usedRatio = Math.max(...ratios);
    const shortages = servers.map((server) => shortageOf(server, limits.engineRoomPercent));
    const before = this.#shortage;
    this.#shortage = shortages.find((shortage) => shortage !== undefined);
    if (before === undefined && this.#shortage !== undefined) {
      logger.error({}, `${this.#shortage}: nothing more is stored until there is room`);
    } else if (before !== undefined && this.#shortage === undefined) {
      logger.info({}, "NATS has room for streams again");
    }
  }
}

/** NaN where it does not say how much it may have. */
function usedRatioOf({ jetstream }: Varz): number {
  return (jetstream?.stats?.storage ?? 0) / (jetstream?.config?.max_storage ?? Number.NaN);
}

function shortageOf(server: Varz, mostPercent: number): string | undefined {
  const { server_name: name = "?", jetstream } = server;
  const room = jetstream?.config?.max_storage;
  const percent = Math.floor(100 * usedRatioOf(server));
  if (!(percent >= mostPercent)) return undefined;
  return `the NATS server ${name} has used ${percent} % of its room for streams (${mostPercent} % at most; max_file_store is ${room} bytes)`;
}
