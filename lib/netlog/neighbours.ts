/**
 * The other servers of a storage that several servers share: each topic is served by one of them, its owner. A storage in
 * files has one server, and no neighbours.
 */
import type { TopicTable } from "./topic-table.ts";

export interface Neighbours {
  /** Topics of the storage that this server does not own, sorted. A change makes another array. */
  readonly names: readonly string[];
  /** The URLs of the servers that own some of them. */
  readonly servers: readonly string[];
  /** One of the topics. */
  has(name: string): boolean;
  /**
   * The URL of the server that owns a topic which this one does not serve; a promise where the storage has to be asked.
   * `undefined`: there is no such topic, or this server owns it by now.
   *
   * @throws topic_unavailable: no server owns it now; one takes it over soon.
   */
  ownerOf(name: string): string | undefined | Promise<string | undefined>;
}

/** The names of the topics of all servers, sorted. */
export class AllNames {
  readonly #own: Pick<TopicTable, "names" | "has">;
  readonly #neighbours: Pick<Neighbours, "names"> | undefined;
  #ownNames: readonly string[] = [];
  #otherNames: readonly string[] = [];
  #all: readonly string[] = [];

  constructor(own: Pick<TopicTable, "names" | "has">, neighbours: Pick<Neighbours, "names"> | undefined) {
    this.#own = own;
    this.#neighbours = neighbours;
  }

  /** A change of the topics makes another array. */
  all(): readonly string[] {
    const { names } = this.#own;
    if (this.#neighbours === undefined) return names;
    const others = this.#neighbours.names;
    if (names !== this.#ownNames || others !== this.#otherNames) {
      this.#ownNames = names;
      this.#otherNames = others;
      this.#all = [...names, ...others.filter((name) => !this.#own.has(name))].sort();
    }
    return this.#all;
  }
}
