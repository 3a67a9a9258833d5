/** What all logs of a server share, so that their number does not multiply memory, descriptors or syncs. */
import { LRUCache } from "lru-cache";
import { Counters } from "../base/counters.ts";
import { Slots } from "../base/slots.ts";
import type { Disk } from "../disk/disk.ts";
import { BlockCache } from "./block-cache.ts";
import type { Limits } from "./limits.ts";
import { OpenFiles } from "./open-files.ts";
import type { SparseIndex } from "./sparse-index.ts";
import { TailBudget } from "./tail.ts";

export class LogShared {
  readonly limits: Limits;
  readonly counters: Counters = new Counters();
  readonly files: OpenFiles;
  readonly blocks: BlockCache;
  readonly tailBudget: TailBudget;
  readonly syncSlots: Slots;
  /** Indexes of sealed segments, by segment id. */
  readonly sealedIndexes: LRUCache<number, SparseIndex>;
  #lastSegmentId = 0;

  constructor(disk: Disk, limits: Limits) {
    this.limits = limits;
    this.files = new OpenFiles(disk, limits.openFiles);
    this.blocks = new BlockCache(limits.blockBytes, limits.blockCacheBytes, new Slots(limits.largeReads));
    this.tailBudget = new TailBudget(limits.tailTotalBytes);
    this.syncSlots = new Slots(limits.syncsInFlight);
    this.sealedIndexes = new LRUCache({
      maxSize: limits.indexCacheBytes,
      sizeCalculation: (index) => index.memoryBytes,
    });
  }

  /**
   * A number given at each open of a segment. Caches are keyed by it, never by name: a topic that was deleted and
   * made again has the same names and offsets.
   */
  nextSegmentId(): number {
    return ++this.#lastSegmentId;
  }
}
