/** What is known of one topic that is a fork, or has forks: in memory, while the storage is open. */
import type { ForkSource, Lineage } from "../topic/storage.ts";
import type { KeptLineage, Relative } from "./lineage-file.ts";

export class Relation {
  readonly name: string;
  readonly id: string;
  source: ForkSource | undefined;
  /** By id. */
  readonly forks: Map<string, Relative>;
  /** It was deleted, and its forks keep its name. */
  isDeleted: boolean;
  /** The file says something else. */
  isChanged = false;

  constructor(name: string, id: string, kept?: KeptLineage) {
    this.name = name;
    this.id = id;
    this.source = kept?.source;
    this.forks = new Map(kept?.forks.map((fork) => [fork.id, fork]));
    this.isDeleted = kept?.isDeleted ?? false;
  }

  /** A topic as any other. */
  get isOver(): boolean {
    return this.source === undefined && this.forks.size === 0 && !this.isDeleted;
  }

  /** Deleted, and the last of its forks is gone. */
  get isDead(): boolean {
    return this.isDeleted && this.forks.size === 0;
  }

  get kept(): KeptLineage {
    return { source: this.source, forks: [...this.forks.values()], isDeleted: this.isDeleted };
  }

  get lineage(): Lineage {
    return { source: this.source, forks: [...this.forks.values()].map(({ topic }) => topic).sort() };
  }
}
